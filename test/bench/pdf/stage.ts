/** One mesh at a time, and what its clients measure. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pdfConverter as application } from '../../../tools/local-mesh/applications/applications.ts';
import { freeNetwork } from '../../../tools/local-mesh/mesh/free-network.ts';
import type { LocalMesh } from '../../../tools/local-mesh/mesh/mesh.ts';
import { demoSettings, type MeshSettings } from '../../../tools/local-mesh/mesh/settings.ts';
import { readMix } from '../../../tools/load-generator/flags.ts';
import type { MixedRequest } from '../../../tools/load-generator/workload/mix.ts';
import { askInTurn, type ClientsOptions } from './clients.ts';
import { CLIENT_COUNTS, CROWD, NEIGHBOUR_PART, REQUESTS_PER_CLIENT, type Setting } from './conditions.ts';
import type { Measured } from './figures.ts';

/** Warm-up: code compiles, connections open, and weights settle. */
const WARM_UP_MS = 8000;
/** Until queues and averages of the measurement before have drained. */
const PAUSE_MS = 3000;

/** One node per replica, of the size of the demo's. */
export async function settingsFor(replicas: number): Promise<MeshSettings> {
  const settings = demoSettings(application, 'Endpoint', await freeNetwork());
  return { ...settings, replicas, nodes: settings.nodes.slice(0, replicas) };
}

function theRequest(): MixedRequest {
  const mix = readMix(application.mix);
  if (!mix.ok) throw new Error(mix.failure.message);
  const [request] = mix.value.requests;
  if (!request) throw new Error(`mix ${application.mix} has no request`);
  return request;
}

export class Stage {
  readonly #mesh: LocalMesh;
  readonly #ask: Pick<ClientsOptions, 'gateway' | 'request' | 'signal'>;

  constructor(mesh: LocalMesh, signal: AbortSignal) {
    this.#mesh = mesh;
    this.#ask = { gateway: mesh.gateway, request: theRequest(), signal };
  }

  /** Each number of clients in turn. */
  async distributions(setting: Setting): Promise<Measured[]> {
    await this.#warmUp(setting);
    const measured: Measured[] = [];
    for (const clients of CLIENT_COUNTS) {
      await sleep(PAUSE_MS, undefined, { signal: this.#ask.signal });
      const goesOn = (sent: number): boolean => sent < REQUESTS_PER_CLIENT;
      measured.push({ setting, clients, served: await askInTurn({ ...this.#ask, clients, goesOn }) });
    }
    return measured;
  }

  /** The crowd, with a neighbour on the first node in the second half. */
  async crowd(setting: Setting): Promise<Measured> {
    await this.#warmUp(setting);
    const { clients, seconds, neighbourFromSeconds } = CROWD;
    const [node] = this.#mesh.nodes;
    if (!node) throw new Error('the mesh has no nodes');
    const goesOn = (_sent: number, elapsedMs: number): boolean => elapsedMs < seconds * 1000;
    const neighbour = setTimeout(
      () => this.#mesh.startNeighbour(node, NEIGHBOUR_PART * node.cores),
      neighbourFromSeconds * 1000,
    );
    try {
      return { setting, clients, served: await askInTurn({ ...this.#ask, clients, goesOn }) };
    } finally {
      clearTimeout(neighbour);
      await this.#mesh.stopNeighbour();
    }
  }

  async #warmUp({ balancer }: Setting): Promise<void> {
    this.#mesh.balanceBy(balancer);
    const goesOn = (_sent: number, elapsedMs: number): boolean => elapsedMs < WARM_UP_MS;
    await askInTurn({ ...this.#ask, clients: 6, goesOn });
  }
}
