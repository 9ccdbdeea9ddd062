/**
 * The releases of Kubernetes and Istio that Ballast is tested with. Everything that names one of them takes it from
 * here; the Go modules of a release are in `tools/go/hyper/<Kubernetes>.mod` and `tools/go/istio/<Istio>.mod`.
 */

interface KubernetesRelease {
  readonly version: string;
}

interface IstioRelease {
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

/** The oldest minor version of a table. */
export function oldestOf(releases: Readonly<Record<string, unknown>>): string {
  return Object.keys(releases).at(-1) ?? '';
}
