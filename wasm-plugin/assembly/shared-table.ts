/** The table as all VMs of the process share it: one fetches and publishes it, each takes it over at its own tick. */
import { malloc, readShared, valueAt, valueLength, writeShared } from './abi';
import { applyTable } from './table';

/** f64: when the newest table was received, monotonic ms. Small, so that looking for news costs nothing. */
const NEWS_KEY = String.UTF8.encode('ballast.news');
/** f64 the same | the table as the agent sent it */
const TABLE_KEY = String.UTF8.encode('ballast.table');

const news: usize = memory.data(8, 8);
/** When the table that this VM uses was received. */
let held: f64 = 0;

/** Publishes a table that has been checked; false when it is too large to be held. */
export function publishTable(p: usize, length: i32, now: f64): bool {
  const value = malloc(length + 8);
  if (value == 0) return false;
  store<f64>(value, now);
  memory.copy(value + 8, p, length);
  store<f64>(news, now);
  return writeShared(TABLE_KEY, value, length + 8, 0) && writeShared(NEWS_KEY, news, 8, 0);
}

/** Takes over the newest published table; true when it is another than before. */
export function syncTable(now: f64): bool {
  if (!readShared(NEWS_KEY) || valueLength != 8 || load<f64>(valueAt) == held) return false;
  if (!readShared(TABLE_KEY) || valueLength < 8) return false;
  const receivedAt = load<f64>(valueAt);
  if (!applyTable(valueAt + 8, valueLength - 8, receivedAt, now)) return false;
  held = receivedAt;
  return true;
}
