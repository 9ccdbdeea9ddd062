/** The processes that are the agents of the fleet, and what they have seen together. */
import { type ChildProcess, fork, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cpuSeconds } from '../support/process-cpu.ts';
import type { DriverFigures, DriverTask } from './driver.ts';

const DRIVER = join(import.meta.dirname, 'driver.ts');
const DRIVERS = 2;

export interface FleetFigures extends Omit<DriverFigures, 'read'> {
  /** Pairs of a version and when its line was read, ms since 1970, since the last look. */
  readonly read: readonly number[];
  /** CPU that the busiest of them has used, seconds. */
  readonly busiestSeconds: number;
}

export class Drivers implements AsyncDisposable {
  readonly #children: readonly ChildProcess[];

  constructor(task: Omit<DriverTask, 'nodes'>, nodes: readonly number[]) {
    this.#children = Array.from({ length: DRIVERS }, (_, driver) => {
      const child = fork(DRIVER, { serialization: 'advanced' });
      keepOffFirstCore(child.pid);
      child.send({ ...task, nodes: nodes.filter((_node, at) => at % DRIVERS === driver) });
      return child;
    });
  }

  async look(): Promise<FleetFigures> {
    const all = await Promise.all(
      this.#children.map(async (child): Promise<DriverFigures & { seconds: number }> => {
        if (child.exitCode !== null) throw new Error(`a process of agents ended with ${child.exitCode}`);
        child.send('figures');
        const [figures] = (await once(child, 'message')) as [DriverFigures];
        return { ...figures, seconds: cpuSeconds(child.pid ?? 0) };
      }),
    );
    const sum = (name: Exclude<keyof DriverFigures, 'read'>): number =>
      all.reduce((total, figures) => total + figures[name], 0);
    return {
      bytesIn: sum('bytesIn'),
      bytesOut: sum('bytesOut'),
      reports: sum('reports'),
      listening: sum('listening'),
      refused: sum('refused'),
      broken: sum('broken'),
      unsound: sum('unsound'),
      beats: sum('beats'),
      missed: sum('missed'),
      read: all.flatMap(({ read }) => read),
      busiestSeconds: Math.max(...all.map(({ seconds }) => seconds)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        await exited;
      }),
    );
  }
}

/** The first core is the controller's, where there are two or more and `taskset` is there. */
export function pin(pid: number | undefined, cores: string): boolean {
  if (pid === undefined || availableParallelism() < 2) return false;
  try {
    execFileSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function keepOffFirstCore(pid: number | undefined): void {
  pin(pid, `1-${availableParallelism() - 1}`);
}
