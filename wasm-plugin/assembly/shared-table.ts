/** The table as all VMs of the process share it: one fetches and publishes it, each takes it over at its own tick. */
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
} from './abi';
import { applyTable, isSound } from './table';

/** Written after each table: its compare-and-swap number changes, and looking at it costs next to nothing. */
const NEWS_KEY = String.UTF8.encode('ballast.news');
/** f64 when it was received, monotonic ms | the table as the agent sent it */
const TABLE_KEY = String.UTF8.encode('ballast.table');

const news: usize = memory.data<u8>([1]);
/** Number of the news that this VM has taken over. */
let seen: u32 = 0;

/** Publishes the table that an answer of `length` bytes holds; false when it holds none, or a larger one than fits. */
export function publishTable(length: i32, now: f64): bool {
  // What is read next lies behind this, so that the time needs no copy of the table to stand before it.
  const room = malloc(8);
  if (room == 0 || !readBuffer(CALL_RESPONSE_BODY, length) || !isSound(valueAt, valueLength)) return false;
  const value = valueAt - 8;
  store<f64>(value, now);
  const published = writeShared(TABLE_KEY, value, valueLength + 8, 0) && writeShared(NEWS_KEY, news, 1, 0);
  // A table as large as may be leaves no room to read it back from where it was published.
  enter();
  return published;
}

/** Takes over the newest published table; true when it is another than before. */
export function syncTable(now: f64): bool {
  if (!readShared(NEWS_KEY) || sharedCas == seen) return false;
  seen = sharedCas;
  if (!readShared(TABLE_KEY) || valueLength < 8) return false;
  const applied = applyTable(valueAt + 8, valueLength - 8, load<f64>(valueAt), now);
  enter();
  return applied;
}
