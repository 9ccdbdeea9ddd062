/** Runs the plan in a mesh. A cell that fails is recorded and skipped; a mesh that breaks is started again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalMesh } from '../../../tools/local-mesh/mesh/mesh.ts';
import { calibrate } from '../../../tools/local-mesh/phases/calibrate.ts';
import type { BenchContext } from '../support/bench.ts';
import { withRunningMesh } from '../support/running-mesh.ts';
import { type Condition, disturbByNeighbour } from './conditions.ts';
import { PROBES, RateSearch } from './max-rate.ts';
import { type Block, type ConditionBlock, type MaxRateBlock, RACE_LABELS } from './plan.ts';
import { LABELS, type Policy } from './policies.ts';
import type { Records } from './records.ts';
import {
  type CellFigures,
  type CellRequest,
  cellSeconds,
  loadReport,
  measureCell,
  meshSettings,
  startLoad,
  switchTo,
} from './stage.ts';

/** A rate is carried when p99 stays below this. */
const MAX_RATE_P99_MS = 100;
const MAX_RATE_FAILED = 0.01;
const PROBE_SECONDS = 5;
/** Time to settle after a disturbance changes. */
const DISTURB_MS = 3000;
/** Requests per second and length of the first load: it makes V8 compile the replicas' code. */
const WARM_RATE = 250;
const WARM_MS = 20_000;
/** Load of the nodes while the cost of a request is measured. */
const CALIBRATE_AT = 0.8;
/** How many times a broken mesh is started again. */
const RESTARTS = 3;
/** Time beyond its own after which a cell counts as failed. */
const PATIENCE_MS = 30_000;

/** Expected length of a block, seconds. */
function blockSeconds(block: Block): number {
  if (block.kind === 'max_rate') {
    const disturbing = block.race === 'quiet' ? 0 : (2 * DISTURB_MS) / 1000;
    return block.order.length * PROBES * cellSeconds(PROBE_SECONDS) + disturbing;
  }
  const { condition, order } = block;
  return order.length * cellSeconds(condition.measureSeconds) + (condition.disturb ? (2 * DISTURB_MS) / 1000 : 0);
}

class Measurement {
  readonly #mesh: LocalMesh;
  readonly #signal: AbortSignal;
  readonly #records: Records;
  readonly #progress: (line: string) => void;

  constructor(mesh: LocalMesh, signal: AbortSignal, records: Records, progress: (line: string) => void) {
    this.#mesh = mesh;
    this.#signal = signal;
    this.#records = records;
    this.#progress = progress;
  }

  /** Every replica gets the same share, so that the code of each is compiled. */
  async warm(): Promise<void> {
    await switchTo(this.#mesh, 'round_robin', this.#signal);
    const load = startLoad(this.#mesh, WARM_RATE);
    for (const node of this.#mesh.nodes) node.limit(false);
    try {
      await sleep(WARM_MS, undefined, { signal: this.#signal });
      this.#progress(`ORCA report of a replica: ${await loadReport(this.#mesh, this.#signal)}`);
    } finally {
      await load.stop();
      for (const node of this.#mesh.nodes) node.limit(true);
    }
  }

  /** What the nodes can carry, in requests/s, by what a request costs when all of them are busy alike. */
  async capacity(): Promise<number> {
    const { nodes } = this.#mesh;
    await switchTo(this.#mesh, 'ballast', this.#signal);
    const { rate, cost } = await calibrate({
      nodes,
      target: CALIBRATE_AT,
      startLoad: (warm) => startLoad(this.#mesh, warm),
      limit: (enforced) => nodes.forEach((node) => node.limit(enforced)),
    });
    const capacity = rate / CALIBRATE_AT;
    this.#progress(`the nodes can carry ${capacity.toFixed(0)} requests/s, ${(cost * 1000).toFixed(2)} ms of CPU each`);
    return capacity;
  }

  async run(block: Block): Promise<void> {
    if (block.kind === 'max_rate') await this.#race(block);
    else await this.#compare(block);
  }

  async #compare({ round, condition, order }: ConditionBlock): Promise<void> {
    if (condition.needsQuotas && this.#mesh.sharesCores) {
      const error = 'needs nodes with CPU quotas: run it as root where control groups can be written';
      for (const policy of order) this.#records.failed({ round, condition: condition.name, policy, error });
      return this.#progress(`  ${condition.label}: left out, ${error}`);
    }
    await this.#disturbed(condition.disturb, async () => {
      const rate = condition.load * this.#records.capacity;
      const { during } = condition;
      for (const policy of order) {
        const cell = {
          rate,
          arrivals: this.#records.arrivals,
          measureSeconds: condition.measureSeconds,
          seed: round,
          ...(during ? { during: (until: AbortSignal) => during(this.#mesh, until) } : {}),
        };
        const where = { round, condition: condition.name, policy };
        if (this.#records.has(where)) continue;
        const figures = await this.#measure(where, cell);
        if (!figures) continue;
        this.#records.cell({ ...where, rate, ...figures });
        this.#progress(`  ${condition.label}: ${LABELS[policy]}: ${describe(figures)}`);
      }
    });
  }

  async #race(block: MaxRateBlock): Promise<void> {
    const disturb = block.race === 'noisy_neighbour' ? disturbByNeighbour : undefined;
    await this.#disturbed(disturb, async () => this.#search(block));
  }

  /** Begins when the disturbance has settled, and ends when its end has settled. */
  async #disturbed(disturb: Condition['disturb'], measure: () => Promise<void>): Promise<void> {
    const signal = this.#signal;
    const end = disturb?.(this.#mesh);
    try {
      if (end) await sleep(DISTURB_MS, undefined, { signal });
      await measure();
    } finally {
      await end?.();
    }
    if (end) await sleep(DISTURB_MS, undefined, { signal });
  }

  async #search({ round, race, order }: MaxRateBlock): Promise<void> {
    const searches = new Map(order.map((policy) => [policy, new RateSearch()]));
    for (let probe = 0; probe < PROBES; probe++) {
      for (const [policy, search] of searches) {
        const rate = search.next * this.#records.capacity;
        const where = { round, condition: `max_rate_${race}`, policy };
        const cell = { rate, arrivals: this.#records.arrivals, measureSeconds: PROBE_SECONDS, seed: round };
        const figures = await this.#measure(where, cell);
        if (!figures) {
          searches.delete(policy);
          continue;
        }
        search.tell(figures.p99Ms < MAX_RATE_P99_MS && figures.failed <= MAX_RATE_FAILED * figures.due);
        this.#progress(`  ${rate.toFixed(0)} requests/s: ${LABELS[policy]}: ${describe(figures)}`);
      }
    }
    for (const [policy, { carried }] of searches) {
      this.#records.maxRate({ round, race, policy, rate: carried * this.#records.capacity });
    }
  }

  /** @returns undefined when the cell failed, whose reason is recorded; rejects only when nothing more can be measured */
  async #measure(
    where: { round: number; condition: string; policy: Policy },
    cell: CellRequest,
  ): Promise<CellFigures | undefined> {
    const patience = AbortSignal.timeout(cellSeconds(cell.measureSeconds) * 1000 + PATIENCE_MS);
    const signal = AbortSignal.any([this.#signal, patience]);
    try {
      await switchTo(this.#mesh, where.policy, signal);
      return await measureCell(this.#mesh, cell, signal);
    } catch (error) {
      const reason = messageOf(this.#signal.aborted ? this.#signal.reason : error);
      this.#records.failed({ ...where, error: reason });
      this.#signal.throwIfAborted();
      this.#progress(`  ${where.condition}: ${LABELS[where.policy]} failed: ${reason}`);
      return undefined;
    }
  }
}

function describe({ p50Ms, p99Ms, due, failed, busiestNode }: CellFigures): string {
  const latency = `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
  return `${latency}, ${failed} of ${due} failed, busiest node ${Math.round(busiestNode * 100)} %`;
}

/** An error in one line. */
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

function minutes(blocks: readonly Block[]): string {
  return (blocks.reduce((sum, block) => sum + blockSeconds(block), 0) / 60).toFixed(0);
}

/** Measures all blocks. Returns early with those that are done when it is interrupted. */
export async function measureBlocks(blocks: readonly Block[], records: Records, context: BenchContext): Promise<void> {
  const left = [...blocks];
  for (let start = 0; start <= RESTARTS && left.length > 0; start++) {
    try {
      await withRunningMesh(await meshSettings(), context, async (mesh, signal) => {
        mesh.setMode('Enforce');
        const measurement = new Measurement(mesh, signal, records, context.progress);
        context.progress('warming up');
        await measurement.warm();
        if (records.capacity === 0) records.capacity = await measurement.capacity();
        for (let block = left[0]; block; block = left[0]) {
          const what = block.kind === 'max_rate' ? `highest rate, ${RACE_LABELS[block.race]}` : block.condition.label;
          context.progress(`round ${block.round}, ${what}; ${minutes(left)} min left`);
          await measurement.run(block);
          left.shift();
        }
      });
    } catch (error) {
      context.progress(`interrupted: ${messageOf(error)}`);
      if (context.signal.aborted) return;
    }
  }
}
