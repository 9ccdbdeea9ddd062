/**
 * Why the node's busy CPU is the kernel's own count and not systeminformation's `currentLoad` (ADR 0024): both read the
 * same counters here.
 */
import childProcess from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { MachineCpu } from '../../../host-agent/sample/proc-stat.ts';

/** Ticks of 10 ms on one CPU, in the order of `/proc/stat`. */
const COLUMNS = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;
type Ticks = Readonly<Partial<Record<(typeof COLUMNS)[number], number>>>;

const START: Ticks = { user: 1000, nice: 10, system: 500, idle: 9000, iowait: 50, irq: 20, softirq: 40, steal: 30 };
const folder = mkdtempSync(join(tmpdir(), 'ballast-busy-'));

// The library keeps what it read last, and takes functions over when it is loaded: one clock and one set of spies for all.
let clock = 1e12;
vi.spyOn(Date, 'now').mockImplementation(() => clock);
const cpus = vi.spyOn(os, 'cpus');
const cat = vi.spyOn(childProcess, 'execSync');
const { currentLoad } = await import('systeminformation');

afterAll(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function procStat(ticks: Ticks): string {
  const words = COLUMNS.map((column) => ticks[column] ?? 0).join(' ');
  return `cpu  ${words} 0 0\ncpu0 ${words} 0 0\n`;
}

/** The same counters from Node, in ms. It has no columns for iowait, softirq and steal. */
function nodesView({ user = 0, nice = 0, system = 0, idle = 0, irq = 0 }: Ticks): os.CpuInfo[] {
  const times = { user: user * 10, nice: nice * 10, sys: system * 10, idle: idle * 10, irq: irq * 10 };
  return [{ model: 'a processor', speed: 2000, times }];
}

/** The library's result after the kernel's counters became these. */
async function libraryAt(ticks: Ticks): Promise<number> {
  cpus.mockReturnValue(nodesView(ticks));
  cat.mockReturnValue(procStat(ticks));
  clock += 1000;
  const { currentLoad: busy } = await currentLoad();
  return Math.round(busy);
}

interface Busy {
  /** Percent of the second. */
  readonly library: number;
  readonly agent: number;
  readonly stolen: number;
}

/** How busy one CPU was in a second that it spent in this way, by the library and by the agent's own counter. */
async function busyIn(spent: Ticks): Promise<Busy> {
  const later = Object.fromEntries(COLUMNS.map((column) => [column, (START[column] ?? 0) + (spent[column] ?? 0)]));
  await libraryAt(START);
  const library = await libraryAt(later);
  const file = join(folder, 'stat');
  writeFileSync(file, procStat(START));
  const machine = new MachineCpu(file);
  machine.sample();
  const before = machine.reading;
  writeFileSync(file, procStat(later));
  machine.sample();
  const after = machine.reading;
  machine.close();
  return {
    library,
    agent: Math.round((after.busySeconds - before.busySeconds) * 100),
    stolen: Math.round((after.stealSeconds - before.stealSeconds) * 100),
  };
}

describe('a second of one CPU', () => {
  test('of user, system and idle time: both agree', async () => {
    expect(await busyIn({ user: 30, system: 10, idle: 60 })).toEqual({ library: 40, agent: 40, stolen: 0 });
  });

  test('of soft interrupts, as a node with much network traffic has: the library leaves them out', async () => {
    expect(await busyIn({ user: 20, softirq: 40, idle: 40 })).toEqual({ library: 33, agent: 60, stolen: 0 });
  });

  test('of which the hypervisor stole a part: the library leaves it out, the agent tells it apart', async () => {
    expect(await busyIn({ user: 20, steal: 40, idle: 40 })).toEqual({ library: 33, agent: 20, stolen: 40 });
  });

  test('of waiting for the disk, in which others could run: the library counts as busy what was idle', async () => {
    expect(await busyIn({ user: 20, iowait: 60, idle: 20 })).toEqual({ library: 50, agent: 20, stolen: 0 });
  });
});
