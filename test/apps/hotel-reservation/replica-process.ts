/** Runs replicas of the application as processes of their own, each on a free port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../apps/hotel-reservation/main.ts', import.meta.url));

export interface ReplicaProcess {
  readonly address: string;
  readonly process: ChildProcess;
}

/** Resolves once the replica serves; rejects with what it printed where it ends before. */
export async function startReplica(
  service: string,
  flags: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<ReplicaProcess> {
  const child = spawn(process.execPath, [MAIN, '--service', service, '--listen', '127.0.0.1:0', ...flags], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stderr.on('data', (text) => (printed += String(text)));
  for await (const line of createInterface({ input: child.stdout })) {
    const address = / serves \S+ on (\S+)$/.exec(line)?.[1];
    if (address) return { address, process: child };
    printed += `${line}\n`;
  }
  throw new Error(`${service} ended before it served: ${printed}`);
}

/** Ends a replica and resolves with its exit code (null: it was killed). */
export async function stopReplica(replica: ReplicaProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  const { process: child } = replica;
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
  return child.exitCode;
}
