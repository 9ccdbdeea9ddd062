/** The measurements, in memory and on disk, so that a run that ends early is not lost. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Arrivals } from '../../../tools/load-generator/workload/arrivals.ts';
import type { RaceName } from './plan.ts';
import type { Policy } from './policies.ts';
import type { CellFigures } from './stage.ts';

/** One balancer under one condition in one round. */
export interface Cell extends CellFigures {
  readonly round: number;
  readonly condition: string;
  readonly policy: Policy;
  readonly rate: number;
}

/** Highest rate in one round, in requests/s. */
export interface MaxRate {
  readonly round: number;
  readonly race: RaceName;
  readonly policy: Policy;
  readonly rate: number;
}

/** Something that could not be measured. */
export interface FailedCell {
  readonly round: number;
  readonly condition: string;
  readonly policy: Policy;
  readonly error: string;
}

export interface Measured {
  /** How requests were spread over time. */
  readonly arrivals: Arrivals;
  /** Requests/s that keep all nodes busy all the time; 0 while unknown. */
  readonly capacity: number;
  readonly cells: readonly Cell[];
  readonly maxRates: readonly MaxRate[];
  readonly failures: readonly FailedCell[];
}

export class Records implements Measured {
  readonly arrivals: Arrivals;
  capacity = 0;
  readonly cells: Cell[] = [];
  readonly maxRates: MaxRate[] = [];
  readonly failures: FailedCell[] = [];
  readonly file: string;

  constructor(directory: string, arrivals: Arrivals) {
    this.arrivals = arrivals;
    mkdirSync(directory, { recursive: true });
    this.file = join(directory, 'cells.json');
  }

  cell(cell: Cell): void {
    this.cells.push(cell);
    this.#save();
  }

  /** Whether this cell was measured already, before the mesh broke. */
  has({ round, condition, policy }: Pick<Cell, 'round' | 'condition' | 'policy'>): boolean {
    return this.cells.some((cell) => cell.round === round && cell.condition === condition && cell.policy === policy);
  }

  maxRate(found: MaxRate): void {
    this.maxRates.push(found);
    this.#save();
  }

  failed(failure: FailedCell): void {
    this.failures.push(failure);
    this.#save();
  }

  #save(): void {
    const { capacity, cells, maxRates, failures } = this;
    writeFileSync(`${this.file}.partial`, `${JSON.stringify({ capacity, cells, maxRates, failures }, null, 2)}\n`);
    renameSync(`${this.file}.partial`, this.file);
  }
}
