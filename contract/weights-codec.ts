/**
 * Weights of a service's replicas as text: base64 of one little-endian float16 each, of the weight times the number of
 * replicas. An equal share is 1, so that the relative error is at most 2^-11 however many replicas there are.
 */

/** Of 20 replicas these are 56 characters. */
export function encodeWeights(weights: ArrayLike<number>): string {
  const count = weights.length;
  const bytes = Buffer.allocUnsafe(2 * count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < count; index++) {
    const weight = weights[index] ?? 0;
    view.setFloat16(2 * index, weight > 0 ? Math.min(LARGEST, Math.max(SMALLEST, weight * count)) : 0, true);
  }
  return bytes.toString('base64');
}

const LARGEST = 65_504;
/** A replica with a weight keeps one, however small it is. */
const SMALLEST = 2 ** -24;

/** The weights, adding up to 1 unless all are 0; undefined where the text does not hold `count` of them. */
export function decodeWeights(text: string, count: number): Float64Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 2 * count) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const weights = new Float64Array(count);
  let sum = 0;
  for (let index = 0; index < count; index++) {
    const weight = view.getFloat16(2 * index, true);
    if (!(weight >= 0 && weight < Infinity)) return undefined;
    weights[index] = weight;
    sum += weight;
  }
  if (sum > 0) for (let index = 0; index < count; index++) weights[index] = (weights[index] ?? 0) / sum;
  return weights;
}
