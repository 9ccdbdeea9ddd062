/** Reads what the node is made of, by systeminformation. */
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpu, cpuFlags } from 'systeminformation/lib/cpu.js';
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
  readonly cpuFlags: () => Promise<string>;
  readonly system: () => Promise<{ virtual: boolean }>;
  readonly mem: () => Promise<{ total: number }>;
  readonly osInfo: () => Promise<{ kernel: string }>;
  /** MHz as the kernel shows it; 0: it does not. */
  readonly kernelMHz: () => number;
}

const MACHINE: Machine = { cpu, cpuFlags, system, mem, osInfo, kernelMHz: () => cpus()[0]?.speed ?? 0 };

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
  const [flags, { virtual }, { total }, { kernel }] = await Promise.all([
    machine.cpuFlags(),
    machine.system(),
    machine.mem(),
    machine.osInfo(),
  ]);
  // The library takes the speed from the model's name, which virtual machines often leave out of it.
  const speed = processor.speed || machine.kernelMHz() / 1000;
  return {
    cpuModel: `${processor.manufacturer} ${processor.brand}`.trim().slice(0, 200),
    cpuGHz: speed > 0 ? Math.round(speed * 1000) / 1000 : null,
    cores: Math.max(1, processor.physicalCores),
    threads: Math.max(1, processor.cores),
    // Where there is no firmware table to read, as in a container, the processor itself says it.
    virtual: virtual || flags.split(' ').includes('hypervisor'),
    memoryBytes: total,
    kernel: kernel.slice(0, 200),
    cgroupVersion: cgroupVersion ?? null,
  };
}
