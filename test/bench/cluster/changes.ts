/**
 * What scaling and a rolling update cost: failed requests at a constant rate through the ingress gateway while a
 * service that the gateway calls and one that sidecars call go from 3 to 6 to 2 replicas, and while both are rolled.
 * It also measures how long a ready replica waits for its first request.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Routing } from '../../../contract/assignment.ts';
import { type Load, runLoad } from '../../../tools/load-generator/load.ts';
import type { LoadResult } from '../../../tools/load-generator/send/open-loop.ts';
import type { Mix } from '../../../tools/load-generator/workload/mix.ts';
import type { Round } from '../support/bench.ts';
import { FirstRequests } from './first-requests.ts';
import { HOTEL, type Scene } from './scene.ts';

const RATE = 100;
/** The first is called by the gateway, the second by the sidecars of the first. */
const SERVICES = ['frontend', 'user'];
const REPLICAS = 3;
/** Time after a change for failures that come late. */
const AFTER_MS = 5000;

const STATEFUL_SETS = 'apis/apps/v1/statefulsets';
const POLICIES = 'apis/ballast.dev/v1alpha1/loadbalancingpolicies';

const MIX: Mix = {
  name: 'log in',
  parameters: {},
  requests: [{ name: 'log in', weight: 1, method: 'GET', path: '/user?username=Cornell_1&password=1111111111' }],
};

export interface ChangeFigures {
  readonly rounds: readonly Round[];
  /** From a replica's readiness to its first request, ms. */
  readonly firstRequestsMs: readonly number[];
}

function startLoad(scene: Scene, firsts: FirstRequests): Load {
  return runLoad({
    url: scene.lab.ingress,
    mix: MIX,
    rate: RATE,
    connections: 50,
    timeoutSeconds: 20,
    seed: 1,
    replicaHeader: 'x-served-by',
    onOutcome: (outcome, sentMs) => firsts.answered(outcome, sentMs),
  });
}

async function scaleTo(scene: Scene, replicas: number): Promise<void> {
  for (const service of SERVICES) await scene.patch(STATEFUL_SETS, service, { spec: { replicas } });
  for (const service of SERVICES) await scene.untilReady(service, replicas);
}

async function roll(scene: Scene): Promise<void> {
  const sets = SERVICES.map((service) => `statefulset/${service}`);
  await scene.lab.kubectl.run('-n', HOTEL, 'rollout', 'restart', ...sets);
  for (const set of sets) await scene.lab.kubectl.run('-n', HOTEL, 'rollout', 'status', set, '--timeout=240s');
}

function row(routing: Routing, change: string, seconds: number, { due, failed, failures }: LoadResult): Round {
  return { routing, change, seconds, due, failed, ...failures };
}

/** Sets the routing of all policies of the application, and waits until it is in use. */
export async function routeBy(scene: Scene, routing: Routing): Promise<void> {
  const list = await scene.lab.kubectl.run('-n', HOTEL, 'get', 'lbp', '-o', 'jsonpath={.items[*].metadata.name}');
  const names = list.split(' ');
  for (const name of names) await scene.patch(POLICIES, name, { spec: { routing } });
  await scene.until(`routing ${routing}`, async () => {
    const status = 'jsonpath={range .items[*]}{.status.routing}{"\\n"}{end}';
    const used = await scene.lab.kubectl.run('-n', HOTEL, 'get', 'lbp', '-o', status);
    return used
      .trim()
      .split('\n')
      .every((line) => line === routing);
  });
  await sleep(AFTER_MS, undefined, { signal: scene.signal });
}

/** Measures both changes in one routing. The application has three replicas of each service before and after. */
export async function measureChanges(scene: Scene, routing: Routing): Promise<ChangeFigures> {
  const rounds: Round[] = [];
  const watching = new AbortController();
  const firsts = new FirstRequests(await scene.pods(HOTEL));
  const watch = scene.watchPods(watching.signal, (pod) => firsts.seen(pod));
  const change = async (name: string, happen: () => Promise<void>): Promise<void> => {
    const load = startLoad(scene, firsts);
    const started = performance.now();
    try {
      await Promise.race([happen(), watch.then(() => Promise.reject(new Error('the watch of pods ended')))]);
      await sleep(AFTER_MS, undefined, { signal: scene.signal });
    } finally {
      await load.stop();
    }
    const seconds = (performance.now() - started) / 1000;
    const measured = row(routing, name, seconds, await load.finished);
    scene.progress(`${routing}, ${name}: ${measured['failed']} of ${measured['due']} failed, ${seconds.toFixed(0)} s`);
    rounds.push(measured);
  };
  try {
    await change('3 to 6 replicas', () => scaleTo(scene, 6));
    await change('6 to 2 replicas', () => scaleTo(scene, 2));
    await scaleTo(scene, REPLICAS);
    await change('rolling update', () => roll(scene));
  } finally {
    watching.abort();
    await watch.catch(() => undefined);
    await scaleTo(scene, REPLICAS);
  }
  return { rounds, firstRequestsMs: firsts.waits };
}
