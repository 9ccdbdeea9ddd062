/** Reads what the node is made of, by systeminformation. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpu } from 'systeminformation/lib/cpu.js';
import { mem } from 'systeminformation/lib/memory.js';
import { osInfo } from 'systeminformation/lib/osinfo.js';
import { system } from 'systeminformation/lib/system.js';
import type { NodeInventory } from '../../contract/node-inventory.ts';

/** It runs programs such as `lscpu` where there are any: one that hangs must not keep the agent from starting. */
const LIMIT_MS = 3000;

/** What is used of the library. */
export interface Machine {
  readonly cpu: () => Promise<{
    manufacturer: string;
    brand: string;
    speed: number;
    cores: number;
    physicalCores: number;
  }>;
  readonly system: () => Promise<{ virtual: boolean }>;
  readonly mem: () => Promise<{ total: number }>;
  readonly osInfo: () => Promise<{ kernel: string }>;
  /** `/proc/cpuinfo`: the library asks `lscpu` for what is read of it, and the agent's image has no programs. */
  readonly cpuinfo: () => Promise<string>;
}

const MACHINE: Machine = { cpu, system, mem, osInfo, cpuinfo: () => readFile('/proc/cpuinfo', 'utf8') };

/** Undefined where it cannot be read in time. */
export async function readInventory(
  cgroupVersion: 'v1' | 'v2' | undefined,
  machine: Machine = MACHINE,
  limitMs: number = LIMIT_MS,
): Promise<NodeInventory | undefined> {
  const given = new AbortController();
  const late = sleep(limitMs, undefined, { signal: given.signal, ref: false }).catch(() => undefined);
  try {
    return await Promise.race([read(machine, cgroupVersion), late]);
  } catch {
    return undefined;
  } finally {
    given.abort();
  }
}

async function read(machine: Machine, cgroupVersion: 'v1' | 'v2' | undefined): Promise<NodeInventory> {
  const processor = await machine.cpu();
  const [cpuinfo, { virtual }, { total }, { kernel }] = await Promise.all([
    machine.cpuinfo(),
    machine.system(),
    machine.mem(),
    machine.osInfo(),
  ]);
  // The library takes the speed from the model's name, which virtual machines often leave out of it.
  const speed = processor.speed || Number(/^cpu MHz\s*: ([\d.]+)$/m.exec(cpuinfo)?.[1] ?? 0) / 1000;
  return {
    cpuModel: `${processor.manufacturer} ${processor.brand}`.trim().slice(0, 200),
    cpuGHz: speed > 0 ? Math.round(speed * 1000) / 1000 : null,
    cores: Math.max(1, processor.physicalCores),
    threads: Math.max(1, processor.cores),
    // Where there is no firmware table to read, as in a container, the processor itself says it.
    virtual: virtual || /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo),
    memoryBytes: total,
    kernel: kernel.slice(0, 200),
    cgroupVersion: cgroupVersion ?? null,
  };
}
