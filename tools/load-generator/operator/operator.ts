/** Brings the cluster in line with the plan, one round after the other: whenever something changed, and each second. */
import type { Failure } from '../../../contract/errors.ts';
import { failure, type Result, success } from '../../../contract/result.ts';
import type { LoadgenRequest } from './api/request.ts';
import type { RequestStatus } from './api/request-status.ts';
import type { Measured } from './api/result.ts';
import { type Action, plan, type Seen } from './plan/plan.ts';
import type { Run } from './run/load-run.ts';

/** Times to live end, and Services are waited for, without anything changing. */
const ROUND_MS = 1_000;

export interface Writer {
  writeStatus(request: LoadgenRequest, status: RequestStatus): Promise<Result<undefined>>;
  writeResult(request: LoadgenRequest, measured: Measured): Promise<Result<undefined>>;
  delete(request: LoadgenRequest): Promise<Result<undefined>>;
}

export interface OperatorPorts {
  /** Undefined while not everything has been seen. */
  readonly seen: () => Seen | undefined;
  readonly writer: Writer;
  /** Names of the mixes that there are. */
  readonly mixes: ReadonlySet<string>;
  /** Begins the load of a request; `changed` is to be called when it says something new. */
  readonly startRun: (request: LoadgenRequest, changed: () => void) => Run;
  /** No other operator acts at the same time. */
  readonly mayAct: () => boolean;
  /** Wall clock, ms. */
  readonly now: () => number;
  /** Something could not be written, and will be tried again; said once until it changes. */
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
  /** What was told of last. */
  #trouble: string | undefined;

  constructor(ports: OperatorPorts) {
    this.#ports = ports;
    this.#timer = setInterval(() => void this.poke(), ROUND_MS);
  }

  /** Something changed. Resolves when all that follows of it was tried; never rejects. */
  poke(): Promise<void> {
    this.#again = true;
    this.#round ??= this.#goRound();
    return this.#round;
  }

  /** Another operator acts now: it tells what became of these loads, which end. */
  abandon(): void {
    for (const run of this.#runs.values()) void run.interrupt();
    this.#runs.clear();
  }

  /** Ends the loads that run, and writes what they measured. */
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

  /** What fails does not keep the rest from being done; the last failure is the outcome. */
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
        // Written before it begins: whatever happens from here on, it is not begun a second time.
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
