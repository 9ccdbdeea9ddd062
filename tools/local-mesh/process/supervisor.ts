/** Starts the processes of the mesh, keeps their logs, and reports a process that ends unexpectedly. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Failure } from '../../../contract/errors.ts';
import type { MeshNode, Place } from '../node/mesh-node.ts';
import type { RunDirectory } from './run-directory.ts';

const TAIL_LINES = 15;

export interface ProcessSpec {
  /** Unique in the run. Also the name of the log. */
  readonly name: string;
  readonly node: MeshNode;
  readonly place: Place;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  /** True after `stop` or `killAll`: its end is no failure. */
  stopping: boolean;
}

export class Supervisor {
  readonly #run: RunDirectory;
  readonly #logs: string;
  readonly #failed: (failure: Failure) => void;
  readonly #specs = new Map<string, ProcessSpec>();
  readonly #running = new Map<string, Running>();

  /** `failed` receives each process that ends unexpectedly, with the tail of its log. */
  constructor(run: RunDirectory, failed: (failure: Failure) => void) {
    this.#run = run;
    this.#logs = run.folder('logs');
    this.#failed = failed;
  }

  logOf(name: string): string {
    return join(this.#logs, `${name}.log`);
  }

  /** Starts a process. A failure to start is reported like an unexpected end. */
  start(spec: ProcessSpec): void {
    this.#specs.set(spec.name, spec);
    const line = spec.node.within(spec.place, { command: spec.command, arguments: spec.arguments });
    const log = openSync(this.logOf(spec.name), 'a');
    const child = spawn(line.command, line.arguments, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...spec.environment },
      // With its own session, Ctrl-C at the terminal reaches only this process, which ends the others.
      detached: true,
    });
    closeSync(log);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const running: Running = { child, ended, stopping: false };
    this.#running.set(spec.name, running);
    if (child.pid !== undefined) {
      this.#run.note(child.pid);
      spec.node.started(spec.place, child.pid);
    }
    child.on('error', (error) => this.#gone(spec.name, running, error.message, end));
    child.on('exit', (code, signal) => {
      this.#gone(spec.name, running, signal === null ? `exit code ${code}` : `signal ${signal}`, end);
    });
  }

  /** Ends one process and waits for its end. Does nothing if it is not running. */
  async stop(name: string, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const running = this.#running.get(name);
    if (!running) return;
    running.stopping = true;
    running.child.kill(signal);
    await running.ended;
  }

  /** Starts a stopped process again with the same command. */
  restart(name: string): void {
    const spec = this.#specs.get(name);
    if (spec) this.start(spec);
  }

  /** Process id of a running process. */
  pidOf(name: string): number | undefined {
    return this.#running.get(name)?.child.pid;
  }

  /** Kills all processes. Synchronous, because it also runs in an exit handler. */
  killAll(): void {
    for (const running of this.#running.values()) {
      running.stopping = true;
      running.child.kill('SIGKILL');
    }
  }

  /** Resolves when all processes have ended. */
  async allEnded(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  #gone(name: string, running: Running, how: string, end: () => void): void {
    if (this.#running.get(name) === running) this.#running.delete(name);
    if (!running.stopping) {
      running.stopping = true;
      const log = this.logOf(name);
      const message = `${name} ended unexpectedly (${how}); the end of ${log}:\n${tail(log)}\n`;
      this.#failed({ code: 'CHILD_FAILED', message });
    }
    end();
  }
}

function tail(path: string): string {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.slice(-TAIL_LINES).join('\n');
}
