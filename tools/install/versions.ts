/**
 * The releases that Ballast is tested with. Everything that names one of them takes it from here; the Go modules of a
 * release are in `tools/go/hyper/<Kubernetes>.mod` and `tools/go/istio/<Istio>.mod`.
 */
import { BallastError } from '../../contract/errors.ts';

export interface KubernetesRelease {
  readonly version: string;
}

export interface IstioRelease {
  readonly version: string;
  /** Its version at the Go module proxy: Istio's own tags are none of Go's. */
  readonly module: string;
  /** The release of Envoy that its proxy is built from. */
  readonly envoy: string;
}

/** By minor version, the newest first. */
export const KUBERNETES: Readonly<Record<string, KubernetesRelease>> = {
  '1.37': { version: '1.37.2' },
  '1.36': { version: '1.36.3' },
  '1.34': { version: '1.34.2' },
};

/** By minor version, the newest first. */
export const ISTIO: Readonly<Record<string, IstioRelease>> = {
  '1.31': { version: '1.31.0', module: 'v0.0.0-20260827124520-eed52ebb66ad', envoy: '1.39.3' },
  // The wheel of Envoy 1.38.3 has no WebAssembly.
  '1.30': { version: '1.30.4', module: 'v0.0.0-20260826214018-9739e10eb9d7', envoy: '1.38.2' },
  '1.29': { version: '1.29.2', module: 'v0.0.0-20260409200358-0c774325b938', envoy: '1.37.0' },
};

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
export function kubernetesRelease(minor: string): KubernetesRelease {
  return releaseOf('Kubernetes', KUBERNETES, minor);
}

/** @throws BallastError INVALID_FLAG if it is none of the supported ones */
export function istioRelease(minor: string): IstioRelease {
  return releaseOf('Istio', ISTIO, minor);
}

function releaseOf<T>(name: string, releases: Readonly<Record<string, T>>, minor: string): T {
  const release = releases[minor];
  if (release !== undefined) return release;
  throw new BallastError('INVALID_FLAG', `${name} ${minor} is none of ${Object.keys(releases).join(', ')}`);
}
