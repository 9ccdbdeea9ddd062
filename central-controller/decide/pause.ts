/** Services whose weights stay as they were when somebody said so. */

/** It holds until it expires or is taken back. Whoever is not ready gets nothing meanwhile, and its weight when it is. */
export interface Pause {
  /** `<namespace>/<service>`; absent: all services. */
  readonly service?: string;
  /** Controller's clock, ms. */
  readonly since: number;
  /** Controller's clock, ms; absent: it must be taken back. */
  readonly expiresAt?: number;
  /** For people. */
  readonly reason?: string;
  /** Weights that were in force, by `<namespace>/<service>` and by replica. */
  readonly held: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** What pauses a service: a pause of its own before one of all. */
export function pauseOf(service: string, pauses: readonly Pause[], now: number): Pause | undefined {
  const inForce = pauses.filter(({ expiresAt = Infinity }) => expiresAt > now);
  return inForce.find((pause) => pause.service === service) ?? inForce.find((pause) => pause.service === undefined);
}

/**
 * The shares that a pause holds, by replica. They sum to what weights set by hand leave, or to 1 where there are none.
 * A replica of which nothing is held counts as one with an equal share.
 *
 * @param replicas names of those that are ready
 * @param byHand shares set by hand, by replica
 */
export function heldShares(
  service: string,
  replicas: readonly string[],
  pause: Pause,
  byHand: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const held = pause.held.get(service);
  const open = replicas.filter((name) => !byHand.has(name));
  const wanted = open.map((name) => held?.get(name) ?? 1 / replicas.length);
  const sum = wanted.reduce((total, share) => total + share, 0);
  const given = replicas.reduce((total, name) => total + (byHand.get(name) ?? 0), 0);
  const left = Math.max(0, 1 - given);
  return new Map(open.map((name, at) => [name, sum > 0 ? (left * (wanted[at] ?? 0)) / sum : left / open.length]));
}
