/** The table as all VMs of the process share it: one fetches and publishes it, each takes it over at its own tick. */
import { malloc, readShared, sharedCas, valueAt, valueLength, writeShared } from './abi';
import { applyTable } from './table';

/** Written after each table: its compare-and-swap number changes, and looking at it costs next to nothing. */
const NEWS_KEY = String.UTF8.encode('ballast.news');
/** f64 when it was received, monotonic ms | the table as the agent sent it */
const TABLE_KEY = String.UTF8.encode('ballast.table');

const news: usize = memory.data<u8>([1]);
/** Number of the news that this VM has taken over. */
let seen: u32 = 0;

/** Publishes a table that has been checked; false when it is too large to be held. */
export function publishTable(p: usize, length: i32, now: f64): bool {
  const value = malloc(length + 8);
  if (value == 0) return false;
  store<f64>(value, now);
  memory.copy(value + 8, p, length);
  return writeShared(TABLE_KEY, value, length + 8, 0) && writeShared(NEWS_KEY, news, 1, 0);
}

/** Takes over the newest published table; true when it is another than before. */
export function syncTable(now: f64): bool {
  if (!readShared(NEWS_KEY) || sharedCas == seen) return false;
  seen = sharedCas;
  if (!readShared(TABLE_KEY) || valueLength < 8) return false;
  return applyTable(valueAt + 8, valueLength - 8, load<f64>(valueAt), now);
}
