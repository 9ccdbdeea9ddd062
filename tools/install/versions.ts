/** Pairs of a Kubernetes and an Istio that the lab and the tests run, of the releases in the contract. */
import { BallastError } from '../../contract/errors.ts';
import { ISTIO, KUBERNETES } from '../../contract/releases.ts';

/** A Kubernetes and an Istio by their minor versions. */
export interface Pair {
  readonly kubernetes: string;
  readonly istio: string;
}

/** As people name it. */
export function nameOf({ kubernetes, istio }: Pair): string {
  return `Kubernetes ${kubernetes} and Istio ${istio}`;
}

/** What the lab and the tests run when nothing else is asked for. */
export const DEFAULT_PAIR: Pair = { kubernetes: '1.37', istio: '1.31' };

/** The pairs of `npm run lab -- matrix`. */
export const MATRIX: readonly Pair[] = [
  { kubernetes: '1.37', istio: '1.31' },
  { kubernetes: '1.36', istio: '1.31' },
  { kubernetes: '1.34', istio: '1.31' },
  { kubernetes: '1.34', istio: '1.29' },
];

/** @throws BallastError INVALID_FLAG if it is none of the supported ones */
export function kubernetesRelease(minor: string): (typeof KUBERNETES)[string] {
  return releaseOf('Kubernetes', KUBERNETES, minor);
}

/** @throws BallastError INVALID_FLAG if it is none of the supported ones */
export function istioRelease(minor: string): (typeof ISTIO)[string] {
  return releaseOf('Istio', ISTIO, minor);
}

function releaseOf<T>(name: string, releases: Readonly<Record<string, T>>, minor: string): T {
  const release = releases[minor];
  if (release !== undefined) return release;
  throw new BallastError('INVALID_FLAG', `${name} ${minor} is none of ${Object.keys(releases).join(', ')}`);
}
