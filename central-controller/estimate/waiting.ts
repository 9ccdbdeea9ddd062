/**
 * How long requests wait for a shared resource: Sakasegawa's (1977) approximation of the M/M/c queue, in units of the
 * service time, `f(u) = u^(sqrt(2 (c + 1)) - 1) / (c (1 - u))` at utilisation u.
 */

/** From here on the waiting time is not believed to grow without bound. */
export const SATURATED = 0.97;

/** More servers than this would make the curve flat until it is too late: requests are not spread that evenly. */
const MAX_SERVERS = 4;

/** Mean waiting time in units of the service time at a utilisation, for a resource of `capacity` cores. */
export function waitingFactor(utilisation: number, capacity: number): number {
  const servers = serversOf(capacity);
  const u = Math.min(SATURATED, Math.max(0, utilisation));
  return u ** exponentOf(servers) / (servers * (1 - u));
}

export function serversOf(capacity: number): number {
  return Math.min(MAX_SERVERS, capacity);
}

/** Exponent of the utilisation, at least 1 (one server), so that the price has a finite slope everywhere. */
export function exponentOf(servers: number): number {
  return Math.sqrt(2 * (Math.max(1, servers) + 1)) - 1;
}
