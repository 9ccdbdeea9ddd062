import { availableParallelism, release, totalmem } from 'node:os';
import { expect, test } from 'vitest';
import { Value } from 'typebox/value';
import { NodeInventory } from '../../../contract/node-inventory.ts';
import { type Machine, readInventory } from '../../../host-agent/sample/inventory.ts';

const MACHINE: Machine = {
  cpu: async () => ({ manufacturer: 'AMD', brand: 'EPYC 9654', speed: 2.4, cores: 16, physicalCores: 8 }),
  system: async () => ({ virtual: false }),
  mem: async () => ({ total: 2 ** 34 }),
  osInfo: async () => ({ kernel: '6.12.1' }),
  cpuinfo: async () => 'processor\t: 0\ncpu MHz\t\t: 3100.000\nflags\t\t: fpu vme\n',
};

const EPYC = {
  cpuModel: 'AMD EPYC 9654',
  cpuGHz: 2.4,
  cores: 8,
  threads: 16,
  virtual: false,
  memoryBytes: 2 ** 34,
  kernel: '6.12.1',
  cgroupVersion: 'v2',
};

test('names what the node is made of', async () => {
  expect(await readInventory('v2', MACHINE)).toEqual(EPYC);
});

test('takes the speed from the kernel where the name of the model has none, and does without where neither tells', async () => {
  const processor = { ...(await MACHINE.cpu()), speed: 0 };
  const nameless: Machine = { ...MACHINE, cpu: async () => processor };
  expect(await readInventory('v2', nameless)).toMatchObject({ cpuGHz: 3.1 });
  expect(await readInventory(undefined, { ...nameless, cpuinfo: async () => '' })).toMatchObject({
    cpuGHz: null,
    cgroupVersion: null,
  });
});

test('knows a virtual machine by its firmware or by its processor', async () => {
  expect(await readInventory('v1', { ...MACHINE, system: async () => ({ virtual: true }) })).toMatchObject({
    virtual: true,
  });
  expect(
    await readInventory('v1', { ...MACHINE, cpuinfo: async () => 'flags\t\t: fpu hypervisor lahf_lm\n' }),
  ).toMatchObject({
    virtual: true,
  });
});

test('is nothing where a part cannot be read, or not in time', async () => {
  const failing: Machine = { ...MACHINE, mem: () => Promise.reject(new Error('no /proc')) };
  expect(await readInventory('v2', failing)).toBeUndefined();
  const hanging: Machine = { ...MACHINE, cpu: () => new Promise(() => undefined) };
  expect(await readInventory('v2', hanging, 10)).toBeUndefined();
});

test('reads this machine', async () => {
  const inventory = await readInventory('v1');
  expect(Value.Check(NodeInventory, inventory)).toBe(true);
  expect(inventory).toMatchObject({ kernel: release(), memoryBytes: totalmem() });
  expect(inventory?.threads).toBeGreaterThanOrEqual(availableParallelism());
});
