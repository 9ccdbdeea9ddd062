/** One virtual machine for all files of the project: up before the first, down after the last. */
import type { TestProject } from 'vitest/node';
import { startMachine } from '../machine/start.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The machine's folder. */
    machine: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const machine = await startMachine();
  project.provide('machine', machine.folder);
  return machine.stop;
}
