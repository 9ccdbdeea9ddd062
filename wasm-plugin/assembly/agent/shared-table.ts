/** The table in shared data: the VM with the lease merges answers into it; each VM takes it over at its own tick. */
import {
  CALL_RESPONSE_BODY,
  enter,
  readBuffer,
  readShared,
  sharedCas,
  valueAt,
  valueLength,
  writeShared,
} from '../abi/host';
import { MAX_SERVICES, MAX_TABLE_BYTES } from '../abi/limits';
import { blockCount, isAgentUnready, isComplete, isSound, utilisationOf, validForMs } from '../table/block';
import { merged, mergedBytes, mergeTables } from '../table/merge';
import { NEWS_BYTES, readNews, tableNumber, writeNews } from '../table/news';
import { isService, isWanted, version } from '../table/services';
import { applyTable, sweep } from '../table/table';

/** Written after each answer. Its compare-and-swap number changes, and it is cheap to read. */
const NEWS_KEY = String.UTF8.encode('ballast.sync.news');
const TABLE_KEY = String.UTF8.encode('ballast.sync.table');

/** The answer is no sound answer, or the table would get too large. */
export const REFUSED: i32 = 0;
/** The answer renews the table, and has no blocks. */
export const RENEWED: i32 = 1;
/** The answer changed the table. */
export const CHANGED: i32 = 2;

const news: usize = memory.data(NEWS_BYTES, 8);
/** Compare-and-swap number of the news that this VM has taken over. */
let appliedCas: u32 = 0;
let appliedNumber: u64 = 0;
/** How long the last answer is valid, ms. */
export let validForLast: f64 = 0;

function holdsLapsed(now: f64): bool {
  for (let service = 0; service < MAX_SERVICES; service++) {
    if (isService(service) && version[service] != 0 && !isWanted(service, now)) return true;
  }
  return false;
}

/** Merges the answer at `answer` into the shared table; false when that fails. */
function publishBlocks(answer: usize, now: f64): bool {
  const held = readShared(TABLE_KEY) && isSound(valueAt, valueLength) ? valueAt : 0;
  const cas = sharedCas;
  return mergeTables(held, answer, now) && writeShared(TABLE_KEY, merged, mergedBytes, cas);
}

/** Publishes an answer of `length` bytes: its blocks, and that it renews the table. */
export function publishAnswer(length: i32, now: f64): i32 {
  if (length > MAX_TABLE_BYTES || !readBuffer(CALL_RESPONSE_BODY, length)) return REFUSED;
  const answer = valueAt;
  if (!isSound(answer, valueLength)) return REFUSED;
  if (isAgentUnready(answer)) return RENEWED;
  validForLast = validForMs(answer);
  const hasBlocks = blockCount(answer) > 0;
  const changes = hasBlocks || (validForLast > 0 && (isComplete(answer) || holdsLapsed(now)));
  if (changes && !publishBlocks(answer, now)) return REFUSED;
  const utilisation = utilisationOf(answer);
  // Another VM may have had the lease a moment ago.
  if (readShared(NEWS_KEY) && valueLength == NEWS_BYTES) readNews(valueAt);
  // A proxy that wants nothing has a valid table, too.
  const number = max<u64>(tableNumber + (changes ? 1 : 0), 1);
  writeNews(news, now + validForLast, now, number, utilisation);
  const published = writeShared(NEWS_KEY, news, NEWS_BYTES, 0);
  enter();
  return !published ? REFUSED : hasBlocks ? CHANGED : RENEWED;
}

/** Takes over the newest published table. */
export function syncTable(now: f64): void {
  if (sweep(now)) appliedNumber = 0;
  if (!readShared(NEWS_KEY) || valueLength != NEWS_BYTES) return;
  if (sharedCas != appliedCas) {
    appliedCas = sharedCas;
    readNews(valueAt);
  }
  if (tableNumber == appliedNumber) return;
  appliedNumber = tableNumber;
  if (readShared(TABLE_KEY)) applyTable(valueAt, valueLength, now);
  enter();
}
