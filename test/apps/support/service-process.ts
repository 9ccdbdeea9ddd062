/** Runs a replica of an application as a process of its own, on a free port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

const CHECKOUT = join(import.meta.dirname, '../../..');

export interface ServiceProcess {
  readonly url: URL;
  readonly process: ChildProcess;
  /** What it printed so far, on both streams. */
  printed(): string;
  /** Ends it as Kubernetes does, and resolves with its exit code (null: it was killed). */
  stop(): Promise<number | null>;
}

/**
 * Resolves once it serves, by what apps/service prints then; rejects with what it printed where it ends before.
 * `module` is relative to the checkout, and `args` may name another `--listen`. It ends with the test, if it was not
 * stopped.
 */
export async function startService(
  module: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [join(CHECKOUT, module), '--listen', '127.0.0.1:0', ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  let printed = '';
  child.stderr.on('data', (text) => (printed += String(text)));
  child.stdout.on('data', (text) => (printed += String(text)));
  const lines = createInterface({ input: child.stdout });
  const address = await new Promise<string | undefined>((resolve) => {
    lines.on('line', (line) => {
      const served = / serves on (http:\S+)$/.exec(line)?.[1];
      if (served !== undefined) resolve(served);
    });
    lines.on('close', () => resolve(undefined));
  });
  if (address === undefined) throw new Error(`${module} ended before it served: ${printed}`);
  return {
    url: new URL(address),
    process: child,
    printed: () => printed,
    stop: async () => stop(child, exited),
  };
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<number | null> {
  child.kill('SIGTERM');
  await exited;
  return child.exitCode;
}
