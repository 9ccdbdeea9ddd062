/** The table in shared data: the VM with the lease fetches and publishes it; each VM takes it over at its own tick. */
import {
  CALL_RESPONSE_BODY,
  enter,
  malloc,
  readBuffer,
  readShared,
  sharedCas,
  valueAt,
  valueLength,
  writeShared,
} from '../abi/host';
import { applyTable, isSound } from '../table/table';

/** Written after each table. Its compare-and-swap number changes, and it is cheap to read. */
const NEWS_KEY = String.UTF8.encode('ballast.news');
/** f64 when it was received, monotonic ms | the table as the agent sent it */
const TABLE_KEY = String.UTF8.encode('ballast.table');

const news: usize = memory.data<u8>([1]);
/** Compare-and-swap number of the news that this VM has taken over. */
let appliedCas: u32 = 0;

/** Publishes the table in an answer of `length` bytes; false when it is unsound or too large. */
export function publishTable(length: i32, now: f64): bool {
  // Envoy puts the table right behind this room, so the time can precede it without a copy of the table.
  const room = malloc(8);
  if (room == 0 || !readBuffer(CALL_RESPONSE_BODY, length) || !isSound(valueAt, valueLength)) return false;
  const value = valueAt - 8;
  store<f64>(value, now);
  const published = writeShared(TABLE_KEY, value, valueLength + 8, 0) && writeShared(NEWS_KEY, news, 1, 0);
  // The largest table leaves no room to read it back from shared data.
  enter();
  return published;
}

/** Takes over the newest published table; false when this VM already has it. */
export function syncTable(now: f64): bool {
  if (!readShared(NEWS_KEY) || sharedCas == appliedCas) return false;
  appliedCas = sharedCas;
  if (!readShared(TABLE_KEY) || valueLength < 8) return false;
  const applied = applyTable(valueAt + 8, valueLength - 8, load<f64>(valueAt), now);
  enter();
  return applied;
}
