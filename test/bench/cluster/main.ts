/**
 * Ballast on a real cluster (tools/lab), in figures: how fast it starts, what scaling and rolling updates cost, how fast a
 * change of CPU reaches all picks, how soon a ready replica gets its first request, and what controller and agents use.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '../../../contract/errors.ts';
import { hotelReservation as hotel } from '../../../tools/local-mesh/applications/applications.ts';
import { LabApplication } from '../../../tools/lab/applications/application.ts';
import { LabMesh } from '../../../tools/lab/demo/lab-mesh.ts';
import { downLab } from '../../../tools/lab/down.ts';
import { type Lab, findLab } from '../../../tools/lab/lab.ts';
import { INGRESS_ADDRESS } from '../../../tools/lab/settings.ts';
import { upLab } from '../../../tools/lab/up.ts';
import { applicationLoad } from '../../../tools/local-mesh/applications/application.ts';
import { calibrate } from '../../../tools/local-mesh/phases/calibrate.ts';
import type { Bench, BenchContext, BenchResult, Round } from '../support/bench.ts';
import { measureChanges, routeBy } from './changes.ts';
import { measureCost } from './cost.ts';
import { summarise } from './figures.ts';
import { measureReaction } from './reaction.ts';
import { writeDocs } from './report.ts';
import { Scene } from './scene.ts';

const PARTS = ['up', 'cost', 'reaction', 'endpoint', 'subset'] as const;
type Part = (typeof PARTS)[number];

const RESULTS = join('results', 'cluster');
const REPETITIONS = 15;
const NODES_BUSY = 0.5;
/** When CPU is measured, in seconds under load. In its first minutes Node also compiles what it runs. */
const NEW_SECONDS = 120;
const WARM_SECONDS = 360;

interface Choice {
  readonly parts: readonly Part[];
  readonly repetitions: number;
}

function readOptions({ only = '', repetitions = '' }: Readonly<Record<string, string>>): Choice {
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) {
    throw new BallastError('INVALID_FLAG', `--only ${unknown} is none of: ${PARTS.join(', ')}`);
  }
  const count = Number(repetitions);
  if (!Number.isInteger(count) || count < 1) {
    throw new BallastError('INVALID_FLAG', `--repetitions ${repetitions} is not a whole number from 1`);
  }
  return { parts: PARTS.filter((part) => names.includes(part)), repetitions: count };
}

function named(measure: string, rows: readonly Round[]): Round[] {
  return rows.map((row) => ({ measure, ...row }));
}

/** Brings the lab up, from nothing if that is measured. `rows` gets the time. */
async function bringLab(parts: readonly Part[], rows: Round[], { progress }: BenchContext): Promise<Lab> {
  const show = async (steps: Parameters<NonNullable<Parameters<typeof upLab>[1]>>[0]): Promise<void> => {
    for (const step of steps) {
      const started = performance.now();
      const done = await step.run(() => {});
      const seconds = (performance.now() - started) / 1000;
      rows.push(...named('up', [{ step: step.title, seconds }]));
      progress(`${step.title}: ${done ?? 'done'} (${seconds.toFixed(1)} s)`);
    }
  };
  if (parts.includes('up')) await downLab();
  const started = performance.now();
  const lab = await upLab({ until: 'hotel' }, show);
  if (parts.includes('up')) rows.push(...named('up', [{ up_s: (performance.now() - started) / 1000 }]));
  else rows.length = 0;
  return lab;
}

/** What is measured under the demo's load. */
async function underLoad(scene: Scene, { parts, repetitions }: Choice): Promise<Round[]> {
  const application = new LabApplication(scene.lab.kubectl, hotel, INGRESS_ADDRESS);
  const mesh = new LabMesh(scene.lab, application, scene.signal);
  const startLoad = applicationLoad(hotel, mesh.gateway);
  const { rate } = await calibrate({
    nodes: mesh.nodes,
    target: NODES_BUSY,
    startLoad: (warm) => startLoad({ rate: warm }),
    limit: (enforced) => mesh.nodes.forEach((node) => node.limit(enforced)),
  });
  scene.progress(`${rate.toFixed(0)} requests/s`);
  const load = startLoad({ rate });
  const started = performance.now();
  const warm = async (seconds: number): Promise<void> => {
    const left = seconds * 1000 - (performance.now() - started);
    await sleep(Math.max(0, left), undefined, { signal: scene.signal });
  };
  const rows: Round[] = [];
  try {
    if (parts.includes('cost')) {
      await warm(NEW_SECONDS);
      rows.push(...named('cost while new', await measureCost(scene)));
    }
    if (parts.includes('reaction')) rows.push(...named('reaction', await measureReaction(scene, repetitions)));
    if (parts.includes('cost')) {
      await warm(WARM_SECONDS);
      rows.push(...named('cost', await measureCost(scene)));
    }
    return rows;
  } finally {
    await load.stop();
  }
}

async function measure(scene: Scene, choice: Choice): Promise<Round[]> {
  const rows: Round[] = [];
  const { parts } = choice;
  if (parts.includes('cost') || parts.includes('reaction')) rows.push(...(await underLoad(scene, choice)));
  if (parts.includes('endpoint')) {
    const { rounds, firstRequestsMs } = await measureChanges(scene, 'Endpoint');
    rows.push(...named('changes', rounds));
    rows.push(
      ...named(
        'first request',
        firstRequestsMs.map((wait) => ({ wait_ms: wait })),
      ),
    );
  }
  if (parts.includes('subset')) {
    await routeBy(scene, 'Subset');
    try {
      rows.push(...named('changes', (await measureChanges(scene, 'Subset')).rounds));
    } finally {
      await routeBy(scene, 'Endpoint');
    }
  }
  return rows;
}

async function run(context: BenchContext): Promise<BenchResult> {
  const choice = readOptions(context.options);
  const wasUp = await (await findLab()).answers();
  const rows: Round[] = [];
  try {
    await using scene = await Scene.open(await bringLab(choice.parts, rows, context), context.signal, context.progress);
    rows.push(...(await measure(scene, choice)));
  } finally {
    if (!wasUp) await downLab();
  }
  const result = { rounds: rows, summary: summarise(rows) };
  const whole = PARTS.every((part) => choice.parts.includes(part)) && choice.repetitions >= REPETITIONS;
  const written = await writeDocs(result, whole ? 'docs' : RESULTS);
  context.progress(`Table and picture: ${written.join(', ')}`);
  return result;
}

export const bench: Bench = {
  description: 'Ballast on a real cluster, in figures. A whole run renews the table and picture in docs',
  options: [
    { flags: '--only <parts>', description: 'some of the parts, by commas', default: PARTS.join(',') },
    {
      flags: '--repetitions <count>',
      description: "how often a node's CPU changes",
      default: String(REPETITIONS),
    },
  ],
  run,
};
