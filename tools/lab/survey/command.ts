/** `npm run lab -- apps`: measures the effect of Ballast on each of the other applications, one after the other. */
import { Command, InvalidArgumentError } from 'commander';
import { BallastError, describeFailure } from '../../../contract/errors.ts';
import { APPLICATION_NAMES, hotelReservation as hotel } from '../../local-mesh/applications/applications.ts';
import { doubtAbout } from '../../local-mesh/phases/machine-use.ts';
import { runSteps } from '../../local-mesh/progress.ts';
import { type LabFlags, type Show, addLabFlags, bringLab, interruption } from '../demo/compare.ts';
import { metricsOfApplication, summariseSurvey } from './figures.ts';
import { writePage, writeSurvey } from './page.ts';
import { type Surveyed, survey } from './survey.ts';
import { surveyTable } from './table.ts';
import type { Kubectl } from '../control-plane/kubectl.ts';

const PODS_OF_SETS = 'statefulset.kubernetes.io/pod-name';

/**
 * Scales all StatefulSets of a namespace to 0. The returned function scales them back and waits until all are ready.
 */
async function pauseReplicas(kubectl: Kubectl, namespace: string): Promise<() => Promise<void>> {
  const columns = 'custom-columns=name:.metadata.name,replicas:.spec.replicas';
  const list = await kubectl.run('-n', namespace, 'get', 'statefulsets', '--no-headers', '-o', columns);
  const sets = list
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([name, replicas]) => (name && Number(replicas) > 0 ? [{ name: `statefulset/${name}`, replicas }] : []));
  if (sets.length === 0) return async () => {};
  await kubectl.run('-n', namespace, 'scale', '--replicas=0', ...sets.map(({ name }) => name));
  await kubectl.run('-n', namespace, 'wait', '--for=delete', 'pod', '-l', PODS_OF_SETS, '--timeout=120s');
  return async () => {
    for (const [replicas, alike] of Map.groupBy(sets, (set) => set.replicas)) {
      await kubectl.run('-n', namespace, 'scale', `--replicas=${replicas}`, ...alike.map(({ name }) => name));
    }
    for (const { name } of sets) await kubectl.run('-n', namespace, 'rollout', 'status', name, '--timeout=180s');
  };
}

interface SurveyFlags extends LabFlags {
  readonly only: readonly string[];
}

/** All but the hotel application, which the lab's demo measures. */
const NAMES = APPLICATION_NAMES.filter((name) => name !== hotel.name);

function someOf(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown === undefined) return names;
  throw new InvalidArgumentError(`${unknown} is none of ${NAMES.join(', ')}.`);
}

function report(outcomes: readonly Surveyed[], flags: SurveyFlags): void {
  const measured = outcomes.flatMap((outcome) => ('result' in outcome ? [outcome] : []));
  const figures = measured.map(({ application, result }) => metricsOfApplication(application, result));
  const all = {
    name: 'lab-apps',
    settings: { rounds: flags.rounds, seconds: flags.seconds, node: flags.node },
    applications: figures,
    rounds: measured.flatMap(({ application, result }) =>
      result.run.phases.map((phase) => ({ application, ...phase })),
    ),
    summary: summariseSurvey(figures),
  };
  if (figures.length > 0) {
    const whole = NAMES.every((name) => figures.some(({ application }) => application === name));
    const docs = flags.write === 'docs' && whole ? writePage(figures, all, flags) : [];
    const files = [...writeSurvey(flags.out, figures, all), ...docs];
    console.log(flags.json ? JSON.stringify(all, null, 2) : `${surveyTable(figures)}\n\nWritten: ${files.join(', ')}`);
    if (flags.write === 'docs' && !whole)
      console.error('The documentation stays as it is: it is only written when all applications were measured.');
  }
  for (const { application, result } of measured) {
    const doubt = doubtAbout(result.machine);
    if (doubt !== undefined) console.error(`${application}: ${doubt}`);
  }
  for (const outcome of outcomes) {
    if (!('error' in outcome)) continue;
    const { application, error } = outcome;
    console.error(`${application}: ${error instanceof BallastError ? describeFailure(error) : String(error)}`);
    process.exitCode = 1;
  }
}

async function runSurvey(flags: SurveyFlags): Promise<void> {
  const show: Show = (steps) => runSteps(steps, process.stderr.isTTY && !flags.json);
  const lab = await bringLab('ballast', show);
  const signal = interruption();
  // The hotel application's replicas would take CPU of the nodes.
  const resume = await pauseReplicas(lab.kubectl, hotel.name);
  try {
    report(await survey(lab, flags.only, { flags, show, signal }), flags);
  } finally {
    // The replicas start at the machine's speed.
    const limit = (enforced: boolean): void => lab.workers.forEach((node) => node.limit(enforced));
    limit(false);
    await resume().finally(() => limit(true));
  }
}

export function surveyCommand(): Command {
  const command = new Command('apps')
    .description(
      "the other applications one after the other, each by itself: Istio's default against Ballast with a noisy pod",
    )
    .option('--only <names>', `some of ${NAMES.join(', ')}, by commas`, someOf, NAMES);
  return addLabFlags(command, { quietRounds: 0, seconds: 25, out: 'results/lab' }).action(runSurvey);
}
