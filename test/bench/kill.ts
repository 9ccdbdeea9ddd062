/**
 * What a death costs: at 100 requests/s through gateway and sidecars, replicas' processes are killed with SIGKILL ten
 * times in each routing (their sidecars live on and answer for them), then the controller and each agent. Counted are
 * the requests that failed, and those that the application held when it died: nothing may send these a second time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Routing } from '../../contract/assignment.ts';
import { hotelReservation as hotel } from '../../tools/local-mesh/applications/applications.ts';
import { ADMIN_PORT, APPLICATION_PORT } from '../../tools/local-mesh/envoy/proxy.ts';
import { freeNetwork } from '../../tools/local-mesh/mesh/free-network.ts';
import type { LocalMesh } from '../../tools/local-mesh/mesh/mesh.ts';
import { untilReady } from '../../tools/local-mesh/mesh/readiness.ts';
import type { MeshSettings } from '../../tools/local-mesh/mesh/settings.ts';
import { type Load, runLoad } from '../../tools/load-generator/load.ts';
import type { Mix } from '../../tools/load-generator/workload/mix.ts';
import type { Bench, BenchContext, BenchResult, Round } from './support/bench.ts';
import { withRunningMesh } from './support/running-mesh.ts';

const RATE = 100;
const KILLS = 10;
/** Long enough for a few probes of the dead replica. */
const DEAD_MS = 3000;
/** Until the replica is probed again and back in use, before the next one dies. */
const RECOVER_MS = 5000;
/** By then every caller has met the dead replica: a request that fails later was sent there in spite of that. */
const LATE_MS = 2500;
/** Proxies that call the killed service, with one worker each. */
const CALLERS = 3;

const MIX: Mix = {
  name: 'user',
  parameters: {},
  requests: [{ name: 'user', weight: 1, method: 'GET', path: '/user?username=Cornell_1&password=1111111111' }],
};

/** The services that the mesh asks before it counts as started, and the one whose replicas die. */
async function settingsFor(routing: Routing): Promise<MeshSettings> {
  return {
    application: hotel,
    routing,
    services: ['frontend', 'recommendation', 'profile', 'user'],
    replicas: 3,
    nodes: [1, 2, 3].map((node) => ({ name: `node-${node}`, cores: 0.45, appetite: 1 })),
    network: await freeNetwork(),
    pinned: false,
  };
}

/** Load whose failures so far can be read at any time. */
class WatchedLoad implements AsyncDisposable {
  readonly #load: Load;
  readonly #seconds: { startMs: number; failed: number }[] = [];

  constructor(mesh: LocalMesh) {
    this.#load = runLoad({
      url: mesh.gateway,
      mix: MIX,
      rate: RATE,
      connections: 32,
      timeoutSeconds: 5,
      seed: 1,
      onSecond: ({ startMs, failed }) => this.#seconds.push({ startMs, failed }),
    });
  }

  /** Failures among the requests due from `sinceMs` on (wall clock); of the second that it falls into, all. */
  failedSince(sinceMs: number): number {
    const seconds = this.#seconds.filter(({ startMs }) => startMs + 1000 > sinceMs);
    return seconds.reduce((total, { failed }) => total + failed, 0);
  }

  async stop(): Promise<{ due: number; failed: number }> {
    return this.#load.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Requests that this pod's application held when its connection broke, since the sidecar started. */
async function cutOff(podIp: string): Promise<number> {
  const filter = encodeURIComponent('^cluster.inbound.*upstream_cx_destroy_remote_with_active_rq$');
  const answer = await fetch(`http://${podIp}:${ADMIN_PORT}/stats?filter=${filter}`);
  const lines = (await answer.text()).trim().split('\n').filter(Boolean);
  if (lines.length === 0) throw new Error(`the sidecar at ${podIp} has no counter of requests cut off`);
  return lines.reduce((sum, line) => sum + Number(line.split(': ')[1]), 0);
}

/** What the killing works on. `signal` ends it early. */
interface Scene {
  readonly mesh: LocalMesh;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

async function killReplicas({ mesh, signal, progress }: Scene, routing: Routing): Promise<Round[]> {
  await using load = new WatchedLoad(mesh);
  await sleep(RECOVER_MS * 2, undefined, { signal });
  const victims = mesh.replicas.filter(({ service }) => service === 'user');
  const rounds: Round[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const victim = victims[kill % victims.length];
    if (!victim) throw new Error('the mesh has no replica of the service to kill');
    const heldBefore = await cutOff(victim.ip);
    const killedAt = Date.now();
    await mesh.processes.stop(victim.name, 'SIGKILL');
    await sleep(DEAD_MS, undefined, { signal });
    mesh.processes.restart(victim.name);
    await untilReady(`http://${victim.ip}:${APPLICATION_PORT}/readyz`, { signal, timeoutMs: 30_000 });
    await sleep(RECOVER_MS, undefined, { signal });
    const failed = load.failedSince(killedAt);
    const late = load.failedSince(killedAt + LATE_MS);
    const held = (await cutOff(victim.ip)) - heldBefore;
    progress(`  ${routing}: ${victim.name} killed, ${failed} failed (${late} late), of which it held ${held}`);
    rounds.push({ condition: `${routing}: a replica`, killed: victim.name, failed, late, cut_off: held });
  }
  return rounds;
}

/** Kills processes that no request passes through, one after the other. */
async function killBesideThePath({ mesh, signal, progress }: Scene, names: readonly string[]): Promise<Round[]> {
  const rounds: Round[] = [];
  for (const name of names) {
    await using load = new WatchedLoad(mesh);
    await sleep(1000, undefined, { signal });
    await mesh.processes.stop(name, 'SIGKILL');
    await sleep(DEAD_MS, undefined, { signal });
    mesh.processes.restart(name);
    await sleep(RECOVER_MS, undefined, { signal });
    const { due, failed } = await load.stop();
    progress(`  ${name} killed: ${failed} of ${due} requests failed`);
    rounds.push({ condition: 'beside the path', killed: name, failed, late: 0, cut_off: 0 });
  }
  return rounds;
}

function sum(rounds: readonly Round[], field: 'failed' | 'late' | 'cut_off'): number {
  return rounds.reduce((total, round) => total + Number(round[field]), 0);
}

async function withMesh<T>(routing: Routing, context: BenchContext, use: (scene: Scene) => Promise<T>): Promise<T> {
  context.progress(`${routing} routing`);
  return withRunningMesh(await settingsFor(routing), context, (mesh, signal) => {
    mesh.setMode('Enforce');
    return use({ mesh, signal, progress: context.progress });
  });
}

async function run(context: BenchContext): Promise<BenchResult> {
  const { endpoint, controller, agents } = await withMesh('Endpoint', context, async (scene) => ({
    endpoint: await killReplicas(scene, 'Endpoint'),
    controller: await killBesideThePath(scene, ['controller']),
    agents: await killBesideThePath(
      scene,
      scene.mesh.nodes.map(({ name }) => `agent-${name}`),
    ),
  }));
  const subset = await withMesh('Subset', context, (scene) => killReplicas(scene, 'Subset'));
  return {
    rounds: [...endpoint, ...subset, ...controller, ...agents],
    summary: {
      endpoint_failed: sum(endpoint, 'failed'),
      endpoint_cut_off: sum(endpoint, 'cut_off'),
      subset_failed: sum(subset, 'failed'),
      subset_cut_off: sum(subset, 'cut_off'),
      subset_late: sum(subset, 'late'),
      subset_allowed: sum(subset, 'cut_off') + CALLERS * KILLS,
      controller_failed: sum(controller, 'failed'),
      agent_failed: sum(agents, 'failed'),
      kills: KILLS,
      rate: RATE,
    },
  };
}

export const bench: Bench = {
  description: 'Requests that fail when a replica, the controller or an agent is killed',
  run,
};
