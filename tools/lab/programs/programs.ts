/** All programs of the lab: built, installed or found, once per machine. */
import { dirname } from 'node:path';
import { buildGoTool, goSources } from '../../go/build.ts';
import { type Pair, istioRelease } from '../../install/versions.ts';
import { ensureEnvoy } from '../../local-mesh/envoy/install.ts';
import { type SystemPrograms, ensureSystemPrograms } from './system-programs.ts';

export interface Programs extends SystemPrograms {
  /** The releases of Kubernetes and Istio that they are. */
  readonly pair: Pair;
  /** All of Kubernetes. The first argument names the component. */
  readonly hyper: string;
  /** Folder with containerd, its shim, ctr and the CNI plugins. */
  readonly containerFolder: string;
  readonly pause: string;
  readonly coredns: string;
  readonly helm: string;
  readonly pilotDiscovery: string;
  readonly pilotAgent: string;
  readonly envoy: string;
  /** Istio's sources, with its charts and its bootstrap of Envoy. */
  readonly istioSources: string;
}

const CONTAINER_TOOLS = ['containerd', 'containerd-shim-runc-v2', 'ctr', 'bridge', 'host-local', 'loopback'];

/**
 * Builds or finds all programs of these releases; `progress` receives the one in work. The first time this takes half an hour on 2 cores,
 * most of it for Kubernetes and Istio, and later a second.
 * @throws BallastError MISSING_TOOL or BUILD_FAILED
 */
export async function ensurePrograms(pair: Pair, progress: (text: string) => void): Promise<Programs> {
  const build = async (tool: string, release?: string): Promise<string> => {
    progress(tool);
    return buildGoTool(tool, release);
  };
  const system = await ensureSystemPrograms();
  // One after the other: Go's compiler uses all cores by itself.
  for (const tool of CONTAINER_TOOLS) await build(`containerd/${tool}`);
  const pause = await build('containerd/pause');
  return {
    ...system,
    pair,
    containerFolder: dirname(pause),
    pause,
    hyper: await build('hyper', pair.kubernetes),
    coredns: await build('coredns'),
    helm: await build('helm/helm'),
    pilotDiscovery: await build('istio/pilot-discovery', pair.istio),
    pilotAgent: await build('istio/pilot-agent', pair.istio),
    envoy: await ensureEnvoy(istioRelease(pair.istio).envoy),
    istioSources: await goSources('istio', 'istio.io/istio/pilot/cmd/pilot-discovery/app', pair.istio),
  };
}
