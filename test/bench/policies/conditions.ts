/** The conditions under which balancers are compared, and what creates them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { APPLICATION_PORT } from '../../../tools/local-mesh/envoy/proxy.ts';
import type { LocalMesh } from '../../../tools/local-mesh/mesh/mesh.ts';
import { untilReady } from '../../../tools/local-mesh/mesh/readiness.ts';
import type { MeshNode } from '../../../tools/local-mesh/node/mesh-node.ts';

export interface Condition {
  readonly name: string;
  /** For the table. */
  readonly label: string;
  /** Load, as a fraction of what the nodes can carry without the disturbance. */
  readonly load: number;
  readonly measureSeconds: number;
  /** Only where nodes have CPU quotas. */
  readonly needsQuotas?: boolean;
  /** Starts the disturbance for all balancers of a round. The returned function ends it. */
  disturb?(mesh: LocalMesh): () => Promise<void> | void;
  /** Runs during the measured seconds of each cell, and leaves the mesh as it was. */
  during?(mesh: LocalMesh, signal: AbortSignal): Promise<void>;
}

const MEASURE_SECONDS = 7;
/** Load with a disturbance, low enough for the remaining capacity. */
const DISTURBED_LOAD = 0.6;
/** Fraction of its node that the neighbour uses. */
const NEIGHBOUR_PART = 0.7;
/** Fraction of the slow node's speed that is left. */
const SLOW_PART = 0.5;
/** The flapping replica is down at the start of each cycle, and up for the rest of it. */
const FLAP_CYCLES = 2;
const FLAP_CYCLE_SECONDS = 6;
const FLAP_DEAD_MS = 1500;
const FLAPPING_SERVICE = 'profile';

function firstNode(mesh: LocalMesh): MeshNode {
  const [node] = mesh.nodes;
  if (!node) throw new Error('the mesh has no nodes');
  return node;
}

async function flap(mesh: LocalMesh, signal: AbortSignal): Promise<void> {
  const node = firstNode(mesh).name;
  const victim = mesh.replicas.find(({ service, nodeName }) => service === FLAPPING_SERVICE && nodeName === node);
  if (!victim) throw new Error(`no replica of ${FLAPPING_SERVICE} runs on ${node}`);
  for (let cycle = 0; cycle < FLAP_CYCLES; cycle++) {
    await mesh.processes.stop(victim.name, 'SIGKILL');
    await sleep(FLAP_DEAD_MS, undefined, { signal });
    mesh.processes.restart(victim.name);
    await sleep(FLAP_CYCLE_SECONDS * 1000 - FLAP_DEAD_MS, undefined, { signal });
  }
  await untilReady(`http://${victim.ip}:${APPLICATION_PORT}/readyz`, { signal, timeoutMs: 20_000 });
}

/** Starts the neighbour. The returned function ends it. */
export function disturbByNeighbour(mesh: LocalMesh): () => Promise<void> | void {
  const node = firstNode(mesh);
  mesh.startNeighbour(node, NEIGHBOUR_PART * node.cores);
  return () => mesh.stopNeighbour();
}

function quiet(load: number): Condition {
  const percent = Math.round(load * 100);
  return { name: `load_${percent}`, label: `${percent} % load`, load, measureSeconds: MEASURE_SECONDS };
}

export const CONDITIONS: readonly Condition[] = [
  quiet(0.5),
  quiet(0.7),
  quiet(0.85),
  {
    name: 'noisy_neighbour',
    label: `noisy neighbour, ${DISTURBED_LOAD * 100} % load`,
    load: DISTURBED_LOAD,
    measureSeconds: MEASURE_SECONDS,
    disturb: disturbByNeighbour,
  },
  {
    name: 'slow_node',
    label: `slow node, ${DISTURBED_LOAD * 100} % load`,
    load: DISTURBED_LOAD,
    measureSeconds: MEASURE_SECONDS,
    needsQuotas: true,
    disturb: (mesh) => {
      const node = firstNode(mesh);
      node.limit(true, SLOW_PART);
      return () => node.limit(true);
    },
  },
  {
    name: 'flapping_replica',
    label: `flapping replica, ${DISTURBED_LOAD * 100} % load`,
    load: DISTURBED_LOAD,
    measureSeconds: FLAP_CYCLES * FLAP_CYCLE_SECONDS,
    during: flap,
  },
];
