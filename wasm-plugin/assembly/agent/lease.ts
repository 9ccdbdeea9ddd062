/** A lease in shared data. Its holder is the one VM of the process that talks to the agent. */
import { readShared, sharedCas, valueAt, valueLength, writeShared } from '../abi/host';

const LEASE_KEY = String.UTF8.encode('ballast.sync.lease');
const RENEW_MS: f64 = 300;
const LAPSE_MS: f64 = 1000;

/** u64 holder | f64 renewed, monotonic ms */
const row: usize = memory.data(16, 8);

/** Whether this VM holds the lease at `now`. Takes or renews it when due. */
export function holdsLease(vm: u64, now: f64): bool {
  if (readShared(LEASE_KEY) && valueLength == 16) {
    const age = now - load<f64>(valueAt, 8);
    const mine = load<u64>(valueAt) == vm;
    if (mine && age < RENEW_MS) return true;
    if (!mine && age < LAPSE_MS) return false;
  }
  store<u64>(row, vm);
  store<f64>(row, now, 8);
  return writeShared(LEASE_KEY, row, 16, sharedCas);
}
