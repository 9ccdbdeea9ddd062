/**
 * How fast Ballast reacts. Under load, a neighbour starts on a node again and again. The time runs from its start (the
 * launch of its process) until the weights have made at least half of their final shift, and
 * every proxy uses these weights.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { hotelReservation as hotel } from '../../../tools/local-mesh/applications/applications.ts';
import { freeNetwork } from '../../../tools/local-mesh/mesh/free-network.ts';
import type { LocalMesh } from '../../../tools/local-mesh/mesh/mesh.ts';
import { demoSettings } from '../../../tools/local-mesh/mesh/settings.ts';
import { applicationLoad } from '../../../tools/local-mesh/applications/application.ts';
import { calibrate } from '../../../tools/local-mesh/phases/calibrate.ts';
import type { Bench, BenchContext, BenchResult, Round } from '../support/bench.ts';
import { withRunningMesh } from '../support/running-mesh.ts';
import { DecisionLog } from './decision-log.ts';
import { TableWatch } from './table-watch.ts';
import { type PublishedVersion, reactionOf, spreadMs } from './timing.ts';

const REPETITIONS = 20;
/** Mean utilisation of the nodes without the neighbour, and the fraction of its node that the neighbour uses. */
const NODES_BUSY = 0.55;
const NEIGHBOUR_PART = 0.7;
/** Time for the weights to settle after the neighbour's start, and after its end. */
const WITH_NEIGHBOUR_MS = 6000;
const WITHOUT_NEIGHBOUR_MS = 6000;
const AVERAGE_MS = 2000;

async function publishedVersions(mesh: LocalMesh): Promise<PublishedVersion[]> {
  const { body } = await request(new URL('/api/v1/versions', mesh.controller));
  return ((await body.json()) as { versions: PublishedVersion[] }).versions;
}

async function repeat(mesh: LocalMesh, log: DecisionLog, watch: TableWatch, signal: AbortSignal): Promise<Round[]> {
  const [node] = mesh.nodes;
  if (!node) throw new Error('the mesh has no nodes');
  const rounds: Round[] = [];
  for (let repetition = 1; repetition <= REPETITIONS; repetition++) {
    await sleep(WITHOUT_NEIGHBOUR_MS + spreadMs(repetition), undefined, { signal });
    const startMs = Date.now();
    mesh.startNeighbour(node, NEIGHBOUR_PART * node.cores);
    await sleep(WITH_NEIGHBOUR_MS, undefined, { signal });
    const { sightings } = watch;
    const reaction = reactionOf({
      startMs,
      averageMs: AVERAGE_MS,
      shifts: log.shifts,
      versions: await publishedVersions(mesh),
      sightings,
    });
    await mesh.stopNeighbour();
    rounds.push({
      repetition,
      decided_seconds: reaction.decidedSeconds,
      used_seconds: reaction.usedSeconds,
      cores_before: reaction.coresBefore,
      cores_after: reaction.coresAfter,
    });
  }
  return rounds;
}

/** Nearest-rank percentile (0 to 1). */
function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? NaN;
}

async function measure(mesh: LocalMesh, signal: AbortSignal, context: BenchContext): Promise<BenchResult> {
  const startLoad = applicationLoad(hotel, mesh.gateway);
  const { rate } = await calibrate({
    nodes: mesh.nodes,
    target: NODES_BUSY,
    startLoad: (warm) => startLoad({ rate: warm }),
    limit: (enforced) => mesh.nodes.forEach((node) => node.limit(enforced)),
  });
  mesh.setMode('Enforce');
  const load = startLoad({ rate });
  const log = new DecisionLog(mesh.nodes[0]?.name ?? '');
  const watch = new TableWatch(mesh.agents);
  const stopped = new AbortController();
  const watching = Promise.all([log.follow(mesh.controller), watch.follow()]);
  try {
    context.progress(`${REPETITIONS} neighbours under ${rate.toFixed(0)} requests/s`);
    const repeated = repeat(mesh, log, watch, AbortSignal.any([signal, stopped.signal]));
    const rounds = await Promise.race([repeated, watching.then(() => repeated)]);
    const used = rounds.map((round) => Number(round['used_seconds']));
    return {
      rounds,
      summary: {
        p99_seconds: percentile(used, 0.99),
        p50_seconds: percentile(used, 0.5),
        decided_p99_seconds: percentile(
          rounds.map((round) => Number(round['decided_seconds'])),
          0.99,
        ),
        requests_per_second: rate,
      },
    };
  } finally {
    stopped.abort();
    log.close();
    watch.close();
    await load.stop();
  }
}

export const bench: Bench = {
  description: "From a neighbour's start to its node's replicas getting less, at every proxy",
  async run(context) {
    const settings = demoSettings(hotel, 'Endpoint', await freeNetwork());
    return withRunningMesh(settings, context, (mesh, signal) => measure(mesh, signal, context));
  },
};
