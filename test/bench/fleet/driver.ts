/** A process that is many agents at once. Its parent, `drivers.ts`, tells it which, and asks what they have seen. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilNextBeat } from '../../../contract/beat.ts';
import { seeded } from '../allocate/instances.ts';
import { AgentWire, connectionsOf, type Protocol, type Seen } from './agent-wire.ts';
import { NodeCounters } from './node-counters.ts';
import { FleetPlan, type FleetSize } from './plan.ts';

const BEAT_MS = 250;
/** Agents that come at once, every 20 ms. */
const COME_AT_ONCE = 20;
/** One in so many checks each line. */
const CHECKED = 50;
/** Agents with an address of their own below 127.x; the others have one in the next. */
const PER_NET = 62_500;

export interface DriverTask {
  readonly origin: string;
  readonly protocol: Protocol;
  readonly size: FleetSize;
  /** Indexes of its nodes. */
  readonly nodes: readonly number[];
}

/** Of all since the beginning; `read` since it was last asked. */
export interface DriverFigures extends Seen {
  readonly beats: number;
  /** Beats that came late by one or more. */
  readonly missed: number;
}

function localAddress(node: number): string {
  const within = node % PER_NET;
  return `127.${1 + Math.floor(node / PER_NET)}.${1 + Math.floor(within / 250)}.${1 + (within % 250)}`;
}

async function drive({ origin, protocol, size, nodes }: DriverTask, signal: AbortSignal): Promise<void> {
  const plan = new FleetPlan(size);
  const uniform = seeded(1 + (nodes[0] ?? 0));
  const seen: Seen = {
    bytesIn: 0,
    bytesOut: 0,
    reports: 0,
    listening: 0,
    refused: 0,
    broken: 0,
    unsound: 0,
    read: [],
  };
  let beats = 0;
  let missed = 0;
  process.on('message', (message) => {
    if (message !== 'figures') return;
    const figures: DriverFigures = { ...seen, beats, missed };
    process.send?.({ ...figures, read: seen.read.splice(0) });
  });
  const connections = connectionsOf();
  const agents: { readonly counters: NodeCounters; readonly wire: AgentWire }[] = [];
  const startedAt = Date.now();
  const come = async (): Promise<void> => {
    for (const node of nodes) {
      const counters = new NodeCounters(plan, node, uniform);
      counters.advance((Date.now() - startedAt) / 1000);
      const common = { origin, protocol, connections, localAddress: localAddress(node), seen, signal };
      const wire = new AgentWire(common, counters, node, node % CHECKED === 0);
      wire.listen();
      agents.push({ counters, wire });
      if (agents.length % COME_AT_ONCE === 0) await sleep(20, undefined, { signal });
    }
  };
  const coming = come();
  coming.catch(() => undefined);
  let last = Math.floor(Date.now() / BEAT_MS);
  while (!signal.aborted) {
    await sleep(untilNextBeat(Date.now(), BEAT_MS), undefined, { signal });
    const beat = Math.round(Date.now() / BEAT_MS);
    beats++;
    missed += Math.max(0, beat - last - 1);
    last = beat;
    const seconds = (Date.now() - startedAt) / 1000;
    for (const { counters, wire } of agents) {
      counters.advance(seconds);
      wire.report();
    }
  }
  await coming;
}

const ended = new AbortController();
process.once('disconnect', () => ended.abort());
const [task] = (await once(process, 'message')) as [DriverTask];
await drive(task, ended.signal).catch((error: unknown) => {
  if (!ended.signal.aborted) throw error;
});
