/** One component of the control plane as a child process, its output in a file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A component that takes longer to start has failed. */
const START_MS = 60_000;

/** A component that takes longer to stop is killed: nothing that it could save is needed again. */
const STOP_MS = 1_000;

export interface ComponentSpec {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly log: string;
  /** Is it up? Asked until it is. */
  readonly isReady: () => Promise<boolean>;
}

export class Component implements AsyncDisposable {
  readonly #spec: ComponentSpec;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(spec: ComponentSpec, child: ChildProcess) {
    this.#spec = spec;
    this.#child = child;
    this.#ended = once(child, 'exit');
  }

  /** Starts it and waits until it is ready; an error holds the last lines that it wrote. */
  static async start(spec: ComponentSpec): Promise<Component> {
    const log = openSync(spec.log, 'a');
    const child = spawn(spec.command, spec.arguments, { stdio: ['ignore', log, log] });
    closeSync(log);
    await once(child, 'spawn');
    await using stack = new AsyncDisposableStack();
    const component = stack.use(new Component(spec, child));
    await component.#untilReady();
    stack.move();
    return component;
  }

  async #untilReady(): Promise<void> {
    const giveUp = Date.now() + START_MS;
    while (!(await this.#spec.isReady())) {
      if (this.#hasEnded() || Date.now() > giveUp) {
        const lines = readFileSync(this.#spec.log, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
        throw new Error(`${this.#spec.name} did not start:\n${lines}`);
      }
      await sleep(50);
    }
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded()) return;
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.#ended;
    clearTimeout(kill);
  }
}
