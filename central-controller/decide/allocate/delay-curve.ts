/**
 * The cost of load on a shared resource. At utilisation u, the mean number of requests in service or waiting is about
 * `u (1 + f(u)) * capacity`, where f is the queueing delay of `estimate/queueing-delay.ts` in service times. Above
 * `SATURATED_UTILISATION` the curve continues as its second-order Taylor polynomial. So it is finite, convex and twice
 * differentiable, and overload is a matter of degree.
 */
import { exponentOf, SATURATED_UTILISATION, serversOf } from '../../estimate/queueing-delay.ts';

/** Added to the price per utilisation, so that idle nodes share load instead of one taking it all. */
const IDLE_SLOPE = 0.05;

/** Most nodes have the maximum of servers, so its exponent is computed once. */
const MAX_SERVERS = serversOf(Infinity);
const MAX_EXPONENT = exponentOf(MAX_SERVERS);

/** `delay` is the curve above. `level` is a parabola, whose smallest sum levels the nodes (Fujishige 1980). */
export type CurveKind = 'delay' | 'level';

export interface CurvePoint {
  /** Requests in service or waiting, in units of core-seconds of work per second. */
  value: number;
  /** Derivative of `value` by load: the cost of one more core of load. */
  price: number;
  /** Derivative of `price` by load; positive. */
  slope: number;
}

/**
 * Evaluates the curve at `load` cores into `point`.
 *
 * @param waitingOnly leave out the service itself, for a second resource that the same work passes
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
  const a = servers === MAX_SERVERS ? MAX_EXPONENT : exponentOf(servers);
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
  point.value = capacity * (value + beyond * (price + (beyond * slope) / 2) + (IDLE_SLOPE * u * u) / 2);
  point.price = price + beyond * slope + IDLE_SLOPE * u;
  point.slope = (slope + IDLE_SLOPE) / capacity;
}
