/**
 * How long a conversion takes: the distribution of the service time for one client and for ten, with one replica and
 * with three behind a balancer, and the latency of fifty clients over time. A whole run renews the page and the picture.
 */
import type { LocalMesh } from '../../../tools/local-mesh/mesh/mesh.ts';
import { CpuRecorder, hostCpu, ownCpu } from '../../../tools/local-mesh/phases/cpu-recorder.ts';
import { inOrder, machineUse } from '../../../tools/local-mesh/phases/machine-use.ts';
import type { Bench, BenchContext, BenchResult } from '../support/bench.ts';
import { withRunningMesh } from '../support/running-mesh.ts';
import { nameOf, SETTINGS } from './conditions.ts';
import { crowdRounds, type Measured, roundOf, summarise } from './figures.ts';
import { writeDocs } from './report.ts';
import { settingsFor, Stage } from './stage.ts';

/** Mean cores that other processes of the machine use from now until the returned function is called. */
function watchOthers(mesh: LocalMesh): () => number {
  const counters = { nodes: mesh.nodes, edge: [mesh.edge, ownCpu()], host: hostCpu() };
  const recorder = new CpuRecorder(inOrder(counters), Date.now());
  return () => {
    recorder.read(Date.now());
    return machineUse(counters, recorder.steps).othersCores;
  };
}

async function run(context: BenchContext): Promise<BenchResult> {
  const distributions: Measured[] = [];
  const crowds: Measured[] = [];
  let cores = 0;
  let others = 0;
  for (const [replicas, settings] of Map.groupBy(SETTINGS, (setting) => setting.replicas)) {
    await withRunningMesh(await settingsFor(replicas), context, async (mesh, signal) => {
      const stage = new Stage(mesh, signal);
      cores = mesh.nodes[0]?.cores ?? 0;
      const othersSoFar = watchOthers(mesh);
      for (const setting of settings) {
        context.progress(`service time, ${nameOf(setting)}`);
        distributions.push(...(await stage.distributions(setting)));
      }
      for (const setting of replicas === 1 ? [] : settings) {
        context.progress(`crowd, ${nameOf(setting)}`);
        crowds.push(await stage.crowd(setting));
      }
      others = Math.max(others, othersSoFar());
    });
  }
  const rounds = [...distributions.map((measured) => roundOf(measured)), ...crowds.flatMap(crowdRounds)];
  const result = { rounds, summary: { ...summarise(rounds), node_cores: cores, others_cores: others } };
  const written = await writeDocs({ result, distributions, crowds }, 'docs');
  context.progress(`Page, picture and figures: ${written.join(', ')}`);
  return result;
}

export const bench: Bench = {
  description:
    'Service time of the PDF converter, with one replica and with three. Renews its page and picture in docs',
  run,
};
