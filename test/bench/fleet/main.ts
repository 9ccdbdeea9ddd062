/**
 * `npm run bench -- fleet`: the controller as it ships, in one process on one core, with all agents of a fleet listening.
 * The agents are processes that speak as agents do. Loads swing, a third of the nodes have a neighbour, and every sample
 * has 20 % noise. What is served does not follow the weights, so the controller never comes to rest.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, type BenchContext, type BenchResult, type Round, wholeNumber } from '../support/bench.ts';
import { openCheckout } from '../support/checkout.ts';
import type { Protocol } from './agent-wire.ts';
import { FleetController } from './controller.ts';
import { Drivers, type FleetFigures } from './drivers.ts';
import { percentile, reactions } from './figures.ts';
import { FleetPlan, type FleetSize } from './plan.ts';
import { type FleetRun, writeDocs } from './report.ts';

/** Until the controller has learnt what a request costs, and V8 has compiled what runs often. */
const WARM_UP_MS = 30_000;
const LOOK_MS = 2000;
/** Below it, the agents were too slow for what is said of the controller's times. */
const MAX_MISSED = 0.02;

interface Subject {
  readonly checkout: string;
  readonly protocol: Protocol;
}

async function untilListening(drivers: Drivers, nodes: number, signal: AbortSignal): Promise<void> {
  while ((await drivers.look()).listening < nodes) await sleep(200, undefined, { signal });
}

async function measure({ checkout, protocol }: Subject, size: FleetSize, context: BenchContext): Promise<Round> {
  const { progress, signal } = context;
  const seconds = wholeNumber('--seconds', context.options['seconds'], 3600);
  await using cleanup = new AsyncDisposableStack();
  const { fleet } = new FleetPlan(size);
  const controller = cleanup.use(await FleetController.start(checkout, fleet, signal));
  const nodes = fleet.nodes.map((_, node) => node);
  const drivers = cleanup.use(new Drivers({ origin: controller.origin, protocol, size }, nodes));
  await controller.untilDecided(signal);
  await untilListening(drivers, size.nodes, signal);
  progress(`${checkout}, ${size.replicas} replicas: all agents listen`);
  await sleep(WARM_UP_MS, undefined, { signal });

  const before = {
    counted: await controller.counted(),
    figures: await drivers.look(),
    cpuSeconds: controller.cpuSeconds(),
    at: performance.now(),
  };
  const decisions = new Map<number, number>();
  const decidedAt = new Map<number, number>();
  const read: number[] = [];
  let figures: FleetFigures = before.figures;
  let passed = 0;
  let used = 0;
  let mb = 0;
  let listening = size.nodes;
  while (passed < seconds) {
    await sleep(LOOK_MS, undefined, { signal });
    // All at one time: an overloaded controller answers late what it is asked after this.
    figures = await drivers.look();
    passed = (performance.now() - before.at) / 1000;
    used = controller.cpuSeconds() - before.cpuSeconds;
    for (const value of figures.read) read.push(value);
    listening = Math.min(listening, figures.listening);
    mb = Math.max(mb, controller.mb());
    for (const [tick, at] of await controller.decisions()) decisions.set(tick, at);
    if (protocol === 'v2') for (const [version, at] of await controller.versions()) decidedAt.set(version, at);
  }
  const counted = await controller.counted();
  if (figures.unsound > 0) throw new Error(`${figures.unsound} lines of assignments were wrong`);
  const missed = (figures.missed - before.figures.missed) / (figures.beats - before.figures.beats);
  if (missed > MAX_MISSED)
    progress(`agents missed ${(100 * missed).toFixed(1)} % of their beats: times are not to be trusted`);
  const perSecond = (name: 'bytesIn' | 'bytesOut' | 'reports' | 'busiestSeconds'): number =>
    (figures[name] - before.figures[name]) / passed;
  const ticks = [...decisions].toSorted(([a], [b]) => a - b);
  const intervals = ticks.flatMap(([tick, at], index) => {
    const [lastTick, lastAt] = ticks[index - 1] ?? [];
    return lastTick === tick - 1 && lastAt !== undefined ? [at - lastAt] : [];
  });
  const delays = reactions(read, decidedAt);
  const round = {
    checkout,
    nodes: size.nodes,
    replicas: size.replicas,
    services: size.services,
    seconds: passed,
    agents_listening: listening,
    controller_cores: used / passed,
    controller_mb: mb,
    refused:
      counted.refused -
      before.counted.refused +
      figures.refused +
      figures.broken -
      before.figures.refused -
      before.figures.broken,
    interval_p99_ms: percentile(intervals, 0.99),
    out_mb_per_s: perSecond('bytesIn') / 1e6,
    in_mb_per_s: perSecond('bytesOut') / 1e6,
    reports_per_s: perSecond('reports'),
    decision_ms:
      (1000 * (counted.decisionSeconds - before.counted.decisionSeconds)) /
      (counted.decisions - before.counted.decisions),
    ...(delays.length > 0 && { reaction_p50_ms: percentile(delays, 0.5), reaction_p99_ms: percentile(delays, 0.99) }),
    driver_cores: perSecond('busiestSeconds'),
    beats_missed: missed,
    controller_pinned: controller.isPinned ? 1 : 0,
  };
  progress(
    `${checkout}, ${size.replicas} replicas: ${round.controller_cores.toFixed(2)} cores, ${mb.toFixed(0)} MB, ` +
      `${round.out_mb_per_s.toFixed(2)} MB/s to the agents`,
  );
  return round;
}

/** Sizes of the page, replicas: ten on each node, twenty of each service. */
const PAGE_SIZES = [100, 300, 1000, 3000, 10_000];

function sizeOf(replicas: number): FleetSize {
  return { nodes: Math.ceil(replicas / 10), replicas, services: Math.ceil(replicas / 20) };
}

const FIGURES = [
  'controller_cores',
  'controller_mb',
  'out_mb_per_s',
  'in_mb_per_s',
  'refused',
  'interval_p99_ms',
  'decision_ms',
];

function mean(rounds: readonly Round[], figure: string): number {
  return rounds.reduce((sum, round) => sum + Number(round[figure]), 0) / rounds.length;
}

function numbersOf(round: Round | undefined): Record<string, number> {
  const entries = Object.entries(round ?? {});
  return Object.fromEntries(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}

/** Both versions under the same fleet, in turns: two of each. */
async function compare(size: FleetSize, other: string, context: BenchContext): Promise<BenchResult> {
  const rounds: Round[] = [];
  const old: Subject = { checkout: other, protocol: context.options['protocol'] === 'v2' ? 'v2' : 'v1' };
  const current: Subject = { checkout: '.', protocol: 'v2' };
  for (const subject of [old, current, old, current]) rounds.push(await measure(subject, size, context));
  const before = rounds.filter(({ checkout }) => checkout === other);
  const now = rounds.filter(({ checkout }) => checkout === '.');
  const ratio = (figure: string): number => mean(before, figure) / mean(now, figure);
  return {
    rounds,
    summary: {
      ...numbersOf(now.at(-1)),
      ...Object.fromEntries(FIGURES.map((figure) => [figure, mean(now, figure)])),
      ...Object.fromEntries(FIGURES.map((figure) => [`old_${figure}`, mean(before, figure)])),
      old_over_new_bytes: ratio('out_mb_per_s'),
      old_over_new_cpu: ratio('controller_cores'),
      old_over_new_mb: ratio('controller_mb'),
    },
  };
}

async function run(context: BenchContext): Promise<BenchResult> {
  const result = await measureAll(context);
  const { docs, against } = context.options;
  if (docs === undefined) return result;
  const name: FleetRun = against === undefined ? 'fleet' : 'fleet-against';
  context.progress(`Table and picture: ${(await writeDocs(name, result)).join(', ')}`);
  return result;
}

async function measureAll(context: BenchContext): Promise<BenchResult> {
  const { options } = context;
  const { against } = options;
  const size = {
    nodes: wholeNumber('--nodes', options['nodes'], 5000),
    replicas: wholeNumber('--replicas', options['replicas'], 50_000),
    services: wholeNumber('--services', options['services'], 5000),
  };
  if (against !== undefined) {
    await using cleanup = new AsyncDisposableStack();
    return await compare(size, openCheckout(against, cleanup), context);
  }
  const sizes = options['sizes'] === undefined ? [size] : PAGE_SIZES.map(sizeOf);
  const rounds: Round[] = [];
  for (const each of sizes) rounds.push(await measure({ checkout: '.', protocol: 'v2' }, each, context));
  return { rounds, summary: numbersOf(rounds.at(-1)) };
}

export const bench: Bench = {
  description: 'One controller under a fleet: CPU, memory, bytes to all agents, reaction; or beside another version',
  options: [
    { flags: '--nodes <count>', description: 'nodes, each with an agent', default: '1000' },
    { flags: '--replicas <count>', description: 'replicas, as many of each service', default: '10000' },
    { flags: '--services <count>', description: 'services, each with a policy', default: '500' },
    { flags: '--seconds <count>', description: 'how long each fleet is measured', default: '60' },
    { flags: '--sizes', description: `fleets of ${PAGE_SIZES.join(', ')} replicas one after the other` },
    {
      flags: '--against <commit>',
      description: 'a commit, or a checkout with its packages installed, measured in turns with this one',
    },
    { flags: '--docs', description: 'renew the figures, the table and the picture in docs' },
    {
      flags: '--protocol <version>',
      description: 'how agents speak to the version of --against: v1, or v2',
      default: 'v1',
    },
  ],
  run,
};
