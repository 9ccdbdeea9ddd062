/**
 * Waiting time at a shared resource: Sakasegawa's (1977) approximation of the M/M/c queue, in units of the service time:
 * `f(u) = u^(sqrt(2 (c + 1)) - 1) / (c (1 - u))` at utilisation u.
 */

/** A node this busy counts as saturated. The waiting time grows no further from here on. */
export const SATURATED_UTILISATION = 0.97;

/** Requests are not spread evenly over many cores. With more servers the curve would stay flat for too long. */
const MAX_SERVERS = 4;

/** Mean waiting time in units of the service time, for a resource of `capacity` cores. */
export function queueingDelay(utilisation: number, capacity: number): number {
  const servers = serversOf(capacity);
  const u = Math.min(SATURATED_UTILISATION, Math.max(0, utilisation));
  return u ** exponentOf(servers) / (servers * (1 - u));
}

export function serversOf(capacity: number): number {
  return Math.min(MAX_SERVERS, capacity);
}

/** Exponent of the utilisation. It is at least 1 (one server), so that the price has a finite slope everywhere. */
export function exponentOf(servers: number): number {
  return Math.sqrt(2 * (Math.max(1, servers) + 1)) - 1;
}
