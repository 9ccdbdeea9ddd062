/**
 * What each answer of the agent renews, as all VMs of the process share it:
 *
 *     f64 expires, monotonic ms | f64 received, monotonic ms | u64 number of the table | f64 CPU utilisation
 */

export const NEWS_BYTES: i32 = 32;

/** From then on the table may not be used, monotonic ms. */
export let tableExpiresAt: f64 = 0;
/** When the agent last answered, monotonic ms. */
export let tableReceivedAt: f64 = 0;
/** Rises with each change of the table; 0: none yet. */
export let tableNumber: u64 = 0;
/** CPU in use over the CPU that the replica could have, as the controller estimates it; 0: unknown. */
export let cpuUtilisation: f64 = 0;

export function writeNews(p: usize, expiresAt: f64, receivedAt: f64, number: u64, utilisation: f64): void {
  store<f64>(p, expiresAt);
  store<f64>(p, receivedAt, 8);
  store<u64>(p, number, 16);
  store<f64>(p, utilisation, 24);
}

export function readNews(p: usize): void {
  tableExpiresAt = load<f64>(p);
  tableReceivedAt = load<f64>(p, 8);
  tableNumber = load<u64>(p, 16);
  cpuUtilisation = load<f64>(p, 24);
}

export function isTableValid(now: f64): bool {
  return now < tableExpiresAt;
}
