/**
 * What load on a shared resource costs. The mean number of requests in service or waiting at a resource with
 * utilisation u is approximated by `u (1 + f(u)) * capacity`, f being the waiting time of `estimate/queueing-delay.ts`. Beyond
 * `SATURATED_UTILISATION` the curve goes on as its own parabola: finite, convex, twice differentiable, so that overload is a matter
 * of degree.
 */
import { exponentOf, SATURATED_UTILISATION, serversOf } from '../../estimate/queueing-delay.ts';

/** Price per utilisation that is added everywhere, so that load costs something to gather where all are idle. */
const GENTLE = 0.05;

/** Most nodes have so many: what follows from it is worth knowing beforehand. */
const MANY = serversOf(Infinity);
const EXPONENT_OF_MANY = exponentOf(MANY);

/** `delay`: as above. `level`: a parabola, whose least sum is the most level distribution (Fujishige 1980). */
export type CurveKind = 'delay' | 'level';

export interface CurvePoint {
  /** Requests in service or waiting, in units of core-seconds of work per second. */
  value: number;
  /** Derivative of `value` by load: what one more core of load costs. */
  price: number;
  /** Derivative of `price` by load; positive. */
  slope: number;
}

/**
 * Evaluates the curve at `load` cores into `point`.
 *
 * @param waitingOnly leave out the service itself: for a second resource that the same work passes
 */
export function evaluateCurve(
  kind: CurveKind,
  capacity: number,
  load: number,
  waitingOnly: boolean,
  point: CurvePoint,
): void {
  const u = Math.max(0, load / capacity);
  if (kind === 'level') {
    point.value = (capacity * u * u) / 2;
    point.price = u;
    point.slope = 1 / capacity;
    return;
  }
  const servers = serversOf(capacity);
  const a = servers === MANY ? EXPONENT_OF_MANY : exponentOf(servers);
  const x = Math.min(u, SATURATED_UTILISATION);
  const free = 1 - x;
  const power = a === 1 ? x : x ** a;
  const risen = (a + 1) * power - a * power * x;
  const risenSlope = x > 0 ? a * (a + 1) * (power / x) * free : a === 1 ? 2 : 0;
  const service = waitingOnly ? 0 : 1;
  const perFree = 1 / free;
  const perServer = perFree / servers;
  const price = service + risen * perServer * perFree;
  const slope = (risenSlope * free + 2 * risen) * perServer * perFree * perFree;
  const value = service * x + x * power * perServer;
  const beyond = u - x;
  point.value = capacity * (value + beyond * (price + (beyond * slope) / 2) + (GENTLE * u * u) / 2);
  point.price = price + beyond * slope + GENTLE * u;
  point.slope = (slope + GENTLE) / capacity;
}
