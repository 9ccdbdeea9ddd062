/** The real controller as a process of its own, on a real cluster. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '../../../central-controller/main.ts');

export interface ControllerProcess {
  readonly url: string;
  readonly pid: number;
  readonly identity: string;
  /** Its log lines so far. */
  readonly lines: readonly string[];
  /** JSON of a path, undefined when it does not answer. */
  get(path: string): Promise<{ readonly status: number; readonly body: unknown } | undefined>;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Starts a controller on `address`, `host:port`; it may not serve yet. */
export function startController(
  kubeconfig: string,
  address: string,
  identity: string,
  ...more: readonly string[]
): ControllerProcess {
  const url = `http://${address}`;
  const flags = [
    '--kubeconfig',
    kubeconfig,
    '--namespace',
    'default',
    '--listen',
    address,
    '--identity',
    identity,
    ...more,
  ];
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.pid === undefined) throw new Error('the controller could not be started');
  const exited = once(child, 'exit');
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return {
    url,
    pid: child.pid,
    identity,
    lines,
    async get(path) {
      try {
        const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(2000) });
        return { status: response.status, body: await response.json() };
      } catch {
        return undefined;
      }
    },
    async end(signal) {
      child.kill(signal);
      await exited;
    },
  };
}
