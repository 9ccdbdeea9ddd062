/** Pauses: services whose weights are held as they were when an operator paused them. */

/** A replica that is not ready gets nothing during a pause, and its held weight once it is ready. */
export interface Pause {
  /** `<namespace>/<service>`; absent: all services. */
  readonly service?: string;
  /** Controller's clock, ms. */
  readonly since: number;
  /** Controller's clock, ms; absent: until it is resumed. */
  readonly expiresAt?: number;
  /** For people. */
  readonly reason?: string;
  /** Weights that were in force, by `<namespace>/<service>` and by replica. */
  readonly held: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** The pause of a service: its own before one of all services. */
export function pauseOf(service: string, pauses: readonly Pause[], now: number): Pause | undefined {
  const inForce = pauses.filter(({ expiresAt = Infinity }) => expiresAt > now);
  return inForce.find((pause) => pause.service === service) ?? inForce.find((pause) => pause.service === undefined);
}

/**
 * The weights that a pause holds, by replica. They sum to what the weights set by hand leave. A replica without a held
 * weight counts as one with an equal share.
 *
 * @param replicas names of the ready replicas
 * @param byHand weights set by hand, by replica
 */
export function heldWeights(
  service: string,
  replicas: readonly string[],
  pause: Pause,
  byHand: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const held = pause.held.get(service);
  const open = replicas.filter((name) => !byHand.has(name));
  const before = open.map((name) => held?.get(name) ?? 1 / replicas.length);
  const sum = before.reduce((total, weight) => total + weight, 0);
  const given = replicas.reduce((total, name) => total + (byHand.get(name) ?? 0), 0);
  const rest = Math.max(0, 1 - given);
  return new Map(open.map((name, at) => [name, sum > 0 ? (rest * (before[at] ?? 0)) / sum : rest / open.length]));
}
