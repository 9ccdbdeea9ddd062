/**
 * The Newton step of the split in the prices of the nodes: `(1 / slope + M) step = residual`, where M is by how much
 * the loads that the services choose fall when prices rise. It is solved by conjugate gradients with the diagonal as
 * preconditioner (Hestenes and Stiefel 1952), and the matrix is never stored.
 */
import { add, at, indexAt } from './column.ts';
import type { SplitProblem } from './split-problem.ts';

export interface NewtonSystem {
  /** The solution: by how much the price of each node rises. */
  readonly step: Float64Array;
  readonly diagonal: Float64Array;
  /** The preconditioner: 1 over the diagonal of the whole matrix. */
  readonly inverse: Float64Array;
  readonly rest: Float64Array;
  readonly direction: Float64Array;
  readonly image: Float64Array;
  /** Cores by which a replica's load rises per second of marginal cost, per replica. */
  readonly leverage: Float64Array;
  /** Leverage and node of the replicas that are not at their floor, packed, with the offset of each service. */
  readonly moving: Float64Array;
  readonly movingNode: Int32Array;
  readonly movingStart: Int32Array;
  /** 1 over the sum of a service's flexibilities, per service; 0 where all its replicas are at their floor. */
  readonly share: Float64Array;
}

/** A replica with less than this fraction of its service's flexibility is left out of the products. */
const MIN_FLEXIBILITY = 1e-9;

/** A step that ends here is still an ascent direction of the dual. */
const MAX_ITERATIONS = 400;

export function createNewtonSystem(nodes: number, services: number, replicas: number): NewtonSystem {
  return {
    step: new Float64Array(nodes),
    diagonal: new Float64Array(nodes),
    inverse: new Float64Array(nodes),
    rest: new Float64Array(nodes),
    direction: new Float64Array(nodes),
    image: new Float64Array(nodes),
    leverage: new Float64Array(replicas),
    moving: new Float64Array(replicas),
    movingNode: new Int32Array(replicas),
    movingStart: new Int32Array(services + 1),
    share: new Float64Array(services),
  };
}

/**
 * Solves for `system.step`.
 *
 * @param slope of the nodes' prices by their loads, per node
 * @param flexibility requests/s by which a rate rises per second of marginal cost, per replica
 * @param residual cores, per node
 * @param accuracy fraction of the residual that may be left, in the norm of the preconditioner
 */
export function solveNewton(
  system: NewtonSystem,
  problem: SplitProblem,
  slope: Float64Array,
  flexibility: Float64Array,
  residual: Float64Array,
  accuracy: number,
): void {
  const { step, inverse, rest, direction, image } = system;
  prepare(system, problem, slope, flexibility);
  let energy = 0;
  for (let n = 0; n < step.length; n++) {
    const own = at(residual, n);
    const toward = own * at(inverse, n);
    step[n] = 0;
    rest[n] = own;
    direction[n] = toward;
    energy += own * toward;
  }
  const goal = energy * accuracy * accuracy;
  for (let round = 0; round < MAX_ITERATIONS && energy > goal; round++) {
    const length = energy / applySystem(system);
    if (!Number.isFinite(length)) return;
    let nextEnergy = 0;
    for (let n = 0; n < step.length; n++) {
      add(step, n, length * at(direction, n));
      const left = at(rest, n) - length * at(image, n);
      rest[n] = left;
      nextEnergy += left * left * at(inverse, n);
    }
    const turn = nextEnergy / energy;
    for (let n = 0; n < step.length; n++) {
      direction[n] = at(rest, n) * at(inverse, n) + turn * at(direction, n);
    }
    energy = nextEnergy;
  }
}

/** M is a diagonal less one rank-1 matrix per service, `leverage leverage^T / sum of flexibilities`. */
function prepare(system: NewtonSystem, problem: SplitProblem, slope: Float64Array, flexibility: Float64Array): void {
  const { diagonal, inverse, leverage, share, moving, movingNode, movingStart } = system;
  const { node, cost, start, demand } = problem;
  for (let n = 0; n < diagonal.length; n++) {
    diagonal[n] = 1 / at(slope, n);
    inverse[n] = at(diagonal, n);
  }
  let index = 0;
  for (let s = 0; s < demand.length; s++) {
    const from = indexAt(start, s);
    const to = indexAt(start, s + 1);
    let total = 0;
    for (let j = from; j < to; j++) total += at(flexibility, j);
    const part = total > 0 ? 1 / total : 0;
    share[s] = part;
    for (let j = from; j < to; j++) {
      const n = indexAt(node, j);
      const factor = at(cost, j);
      const own = at(flexibility, j) * factor;
      leverage[j] = own;
      add(diagonal, n, own * factor);
      add(inverse, n, own * (factor - own * part));
      moving[index] = own;
      movingNode[index] = n;
      if (at(flexibility, j) * part > MIN_FLEXIBILITY) index += 1;
    }
    movingStart[s + 1] = index;
  }
  for (let n = 0; n < inverse.length; n++) inverse[n] = 1 / at(inverse, n);
}

/** Multiplies the matrix by `direction` into `image`. Returns the inner product of both. */
function applySystem(system: NewtonSystem): number {
  const { direction, image, diagonal, moving, movingNode, movingStart, share } = system;
  let curvature = 0;
  for (let n = 0; n < image.length; n++) {
    const own = at(direction, n);
    image[n] = at(diagonal, n) * own;
  }
  for (let s = 0; s < share.length; s++) {
    const from = indexAt(movingStart, s);
    const to = indexAt(movingStart, s + 1);
    let sum = 0;
    for (let j = from; j < to; j++) sum += at(moving, j) * at(direction, indexAt(movingNode, j));
    const mean = sum * at(share, s);
    if (mean === 0) continue;
    for (let j = from; j < to; j++) {
      const n = indexAt(movingNode, j);
      add(image, n, -at(moving, j) * mean);
    }
  }
  for (let n = 0; n < image.length; n++) curvature += at(direction, n) * at(image, n);
  return curvature;
}
