/** Performs the plan's actions, in rounds: after each change, and each second. */
import type { Failure } from '../../../contract/errors.ts';
import { failure, type Result, success } from '../../../contract/result.ts';
import type { LoadgenRequest } from './api/request.ts';
import type { RequestStatus } from './api/request-status.ts';
import type { Measured } from './api/result.ts';
import { type Action, plan, type Seen } from './plan/plan.ts';
import type { Run } from './run/load-run.ts';

/** Time-to-live and the wait for Services pass without a change of any object. */
const ROUND_MS = 1_000;

export interface Writer {
  writeStatus(request: LoadgenRequest, status: RequestStatus): Promise<Result<undefined>>;
  writeResult(request: LoadgenRequest, measured: Measured): Promise<Result<undefined>>;
  delete(request: LoadgenRequest): Promise<Result<undefined>>;
}

export interface OperatorPorts {
  /** Undefined until both kinds were listed. */
  readonly seen: () => Seen | undefined;
  readonly writer: Writer;
  /** Names of the existing mixes. */
  readonly mixes: ReadonlySet<string>;
  /** Starts the load of a request. The run calls `changed` when its state changes. */
  readonly startRun: (request: LoadgenRequest, changed: () => void) => Run;
  /** Whether this operator leads. */
  readonly mayAct: () => boolean;
  /** Wall clock, ms. */
  readonly now: () => number;
  /** Receives a failed write, once until the failure changes. The write is tried again. */
  readonly onTrouble: (failure: Failure) => void;
}

export class Operator {
  readonly #ports: OperatorPorts;
  /** By uid of the request. */
  readonly #runs = new Map<string, Run>();
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;
  #again = false;
  #isClosing = false;
  /** Message of the last reported failure. */
  #trouble: string | undefined;

  constructor(ports: OperatorPorts) {
    this.#ports = ports;
    this.#timer = setInterval(() => void this.poke(), ROUND_MS);
  }

  /** Starts a round after a change. Resolves when its actions have been tried. Never rejects. */
  poke(): Promise<void> {
    this.#again = true;
    this.#round ??= this.#goRound();
    return this.#round;
  }

  /** Ends the loads of this operator after another one has taken the lead and reports on them. */
  abandon(): void {
    for (const run of this.#runs.values()) void run.interrupt();
    this.#runs.clear();
  }

  /** Ends the running loads and writes their results. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isClosing = true;
    await Promise.all([...this.#runs.values()].map((run) => run.interrupt()));
    await this.poke();
  }

  async #goRound(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const done = await this.#bringInLine().catch(defect);
      const trouble = done.ok ? undefined : done.failure;
      if (trouble && trouble.message !== this.#trouble) this.#ports.onTrouble(trouble);
      this.#trouble = trouble?.message;
    }
    this.#round = undefined;
  }

  /** A failed action does not stop the others. Returns the last failure. */
  async #bringInLine(): Promise<Result<undefined>> {
    const { seen, mixes, now, mayAct } = this.#ports;
    const there = seen();
    let outcome: Result<undefined> = success(undefined);
    if (!there || !mayAct()) return outcome;
    const states = new Map([...this.#runs].map(([uid, { state }]) => [uid, state]));
    for (const action of plan(there, states, mixes, now())) {
      if (this.#isClosing && action.verb !== 'finish') continue;
      const done = await this.#perform(action).catch(defect);
      if (!done.ok) outcome = done;
    }
    return outcome;
  }

  async #perform(action: Action): Promise<Result<undefined>> {
    const { writer, startRun, mayAct } = this.#ports;
    switch (action.verb) {
      case 'start': {
        // Written before the load starts, so that it is never started twice.
        const written = await writer.writeStatus(action.request, action.status);
        const changed = (): void => void this.poke();
        const isWanted = written.ok && mayAct() && !this.#isClosing;
        if (isWanted) this.#runs.set(action.request.metadata.uid, startRun(action.request, changed));
        return written;
      }
      case 'report':
        return writer.writeStatus(action.request, action.status);
      case 'finish': {
        const written = await writer.writeResult(action.request, action.measured);
        return written.ok ? writer.writeStatus(action.request, action.status) : written;
      }
      case 'delete':
        return writer.delete(action.request);
      case 'drop':
        void this.#runs.get(action.uid)?.interrupt();
        this.#runs.delete(action.uid);
        return success(undefined);
    }
  }
}

function defect(error: unknown): Result<never> {
  return failure('DEFECT', String(error));
}
