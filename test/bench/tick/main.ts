/**
 * CPU time of one tick of the controller by phase, at a given size: estimates, decision, history, time series and
 * publication, without HTTP. The agents' connections only count bytes.
 */
import { createDecisionMemory, decide } from '../../../central-controller/decide/decide.ts';
import { DEFAULT_PARAMETERS } from '../../../central-controller/decide/settings.ts';
import { createEstimates } from '../../../central-controller/estimate/estimates.ts';
import { observe } from '../../../central-controller/estimate/estimator.ts';
import { snapshot } from '../../../central-controller/estimate/take-snapshot.ts';
import { DecisionHistory } from '../../../central-controller/history/decision-history.ts';
import { TimeSeriesHistory } from '../../../central-controller/history/time-series-history.ts';
import { Publisher } from '../../../central-controller/publish/publisher.ts';
import type { Decision } from '../../../contract/decision.ts';
import type { Bench, BenchContext, BenchResult } from '../support/bench.ts';
import { SwingingLoad } from './load.ts';

const TICK_MS = 250;
const START = 1_000_000;
/** Nodes report requests every two seconds, an eighth of them at each tick. */
const SERVED_TICKS = 8;

/** Means are taken over the ticks after these. */
const WARM_UP_TICKS = 80;

const PHASES = ['observe', 'snapshot', 'decide', 'history', 'series', 'publish'] as const;
type Phase = (typeof PHASES)[number];

/** CPU time of the process, so that a busy machine does not distort it. */
class Stopwatch {
  readonly times: Record<Phase, number[]> = {
    observe: [],
    snapshot: [],
    decide: [],
    history: [],
    series: [],
    publish: [],
  };

  time<T>(phase: Phase, work: () => T): T {
    const before = process.cpuUsage();
    const result = work();
    const { user, system } = process.cpuUsage(before);
    this.times[phase].push((user + system) / 1000);
    return result;
  }

  /** Mean of the ticks after the warm-up, ms: garbage collection included. */
  mean(phase: Phase): number {
    const counted = this.times[phase].slice(WARM_UP_TICKS);
    return counted.reduce((sum, ms) => sum + ms, 0) / counted.length;
  }
}

async function run({ options, progress, signal }: BenchContext): Promise<BenchResult> {
  const [nodes, replicas, services, ticks] = ['nodes', 'replicas', 'services', 'ticks'].map((name) =>
    Number(options[name]),
  ) as [number, number, number, number];
  const load = new SwingingLoad({ nodes, replicas, services });
  const { topology } = load;
  const estimates = createEstimates();
  const memory = createDecisionMemory();
  const history = new DecisionHistory();
  const series = new TimeSeriesHistory();
  const publisher = new Publisher(START);
  const watch = new Stopwatch();
  let decision: Decision | undefined;
  let bytes = 0;
  let lines = 0;
  const write = (line: string): boolean => {
    lines += 1;
    bytes += line.length;
    return true;
  };
  snapshot(estimates, topology, START);
  for (let node = 0; node < nodes; node++) {
    const name = `node-${node}`;
    const wanted = load.keysWantedOn(node).map((key): [string, number] => [key, 0]);
    const subscription = { node: name, instance: 'agent', epoch: 0, services: wanted };
    publisher.subscribe({ node: name, write, close: () => undefined }, START, subscription);
  }
  for (let tick = 0; tick < WARM_UP_TICKS + ticks; tick++) {
    if (tick === WARM_UP_TICKS) bytes = lines = 0;
    if (tick % 20 === 0) progress(`tick ${tick}`);
    const at = START + tick * TICK_MS;
    const windows = Array.from({ length: nodes }, (_, node) => ({
      node: load.nodeWindow(node, at, TICK_MS / 1000),
      served: (tick + node) % SERVED_TICKS === 0 ? load.servedWindows(node, at, (SERVED_TICKS * TICK_MS) / 1000) : [],
    }));
    watch.time('observe', () => {
      for (const { node, served } of windows) {
        observe(estimates, { kind: 'node', ...node });
        for (const window of served) observe(estimates, { kind: 'served', ...window });
      }
    });
    const known = watch.time('snapshot', () => snapshot(estimates, topology, at));
    const settings = { parameters: DEFAULT_PARAMETERS, manual: [], pauses: [] };
    const next = watch.time('decide', () => decide(known, settings, decision, at, memory));
    watch.time('history', () => history.add(next));
    watch.time('series', () => series.add(next));
    watch.time('publish', () => publisher.publish(next, topology, at));
    decision = next;
    load.follow(next);
    await new Promise(setImmediate);
    signal.throwIfAborted();
  }
  const means = Object.fromEntries(PHASES.map((phase) => [`${phase}_ms`, watch.mean(phase)]));
  const tickMs = PHASES.filter((phase) => phase !== 'observe').reduce((sum, phase) => sum + watch.mean(phase), 0);
  const seconds = (ticks * TICK_MS) / 1000;
  return {
    rounds: [{ nodes, replicas, services, ticks, ...means }],
    summary: {
      nodes,
      replicas,
      services,
      tick_ms: tickMs,
      ...means,
      lines_per_second: lines / seconds,
      out_mb_per_s: bytes / seconds / 1e6,
      rss_mb: process.memoryUsage.rss() / 1e6,
    },
  };
}

export const bench: Bench = {
  description: 'Time of one tick of the controller at a given size, by what it does',
  options: [
    { flags: '--nodes <count>', description: 'nodes', default: '1000' },
    { flags: '--replicas <count>', description: 'replicas of all services', default: '10000' },
    { flags: '--services <count>', description: 'services', default: '500' },
    { flags: '--ticks <count>', description: 'ticks that are measured', default: '80' },
  ],
  run,
};
