/** The real agent as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '../../../host-agent/main.ts');

export interface AgentProcess {
  readonly pid: number;
  /** Where it serves proxies. */
  readonly url: string;
  /** Its log lines so far. */
  readonly lines: readonly string[];
  stop(): Promise<number | null>;
  /** Ends it without letting it do anything more. */
  kill(): Promise<void>;
}

/**
 * Starts the agent on a free port and waits until it serves. Rejects with its log when it does not come up.
 * @param main the agent of another checkout, as a rule this one's
 */
export async function startAgent(flags: readonly string[], main = MAIN): Promise<AgentProcess> {
  const child: ChildProcess = spawn(process.execPath, [main, '--listen', '127.0.0.1:0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const output = child.stdout;
  if (output === null || child.pid === undefined) throw new Error('the agent could not be started');
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: output }).on('line', (line) => {
      lines.push(line);
      const address = /serving proxies on ([\d.]+:\d+)/.exec(line)?.[1];
      if (address !== undefined) resolve(`http://${address}`);
    });
    child.on('exit', (code) => reject(new Error(`the agent ended with ${code}:\n${lines.join('\n')}`)));
  });
  return {
    pid: child.pid,
    url,
    lines,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      return child.exitCode;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
