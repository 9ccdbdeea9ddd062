/** The order of one node's reports: which one follows the last, and how long the window between them is. */
import { failure, type Result, success } from '../../contract/result.ts';

/** A delayed report may make an agent's clock seem to run ahead of the controller's by this much. */
const CLOCK_LEAD_MS = 10_000;

/** Agents that were replaced on this node are refused; this tells two that alternate from one that restarted. */
const REMEMBERED_AGENTS = 8;

export interface ReportHead {
  readonly instance: string;
  readonly sequence: number;
  readonly monotonicMs: number;
}

export class AgentSequence {
  #last: (ReportHead & { readonly receivedAt: number }) | undefined;
  #replaced: string[] = [];

  /** When the last report was accepted, ms of the controller's clock. */
  get lastSeen(): number {
    return this.#last?.receivedAt ?? -Infinity;
  }

  /** Ms since the last report by the agent's clock; undefined for the first of an agent. Changes nothing. */
  elapsedMs(head: ReportHead, now: number): Result<number | undefined> {
    const last = this.#last;
    if (this.#replaced.includes(head.instance)) {
      return failure('STALE_REPORT', `instance: agent ${head.instance} was replaced by ${last?.instance}`);
    }
    if (last?.instance !== head.instance) return success(undefined);
    if (head.sequence <= last.sequence) {
      return failure('STALE_REPORT', `sequence: ${head.sequence} does not follow ${last.sequence}`);
    }
    const elapsedMs = head.monotonicMs - last.monotonicMs;
    if (!(elapsedMs > 0)) {
      return failure('STALE_REPORT', `monotonicMs: ${head.monotonicMs} is not later than ${last.monotonicMs}`);
    }
    const leadMs = elapsedMs - (now - last.receivedAt);
    if (leadMs > CLOCK_LEAD_MS) {
      return failure('STALE_REPORT', `monotonicMs: runs ${Math.round(leadMs)} ms ahead of the controller's clock`);
    }
    return success(elapsedMs);
  }

  accept({ instance, sequence, monotonicMs }: ReportHead, now: number): void {
    const last = this.#last;
    if (last && last.instance !== instance) {
      this.#replaced = [...this.#replaced, last.instance].slice(-REMEMBERED_AGENTS);
    }
    this.#last = { instance, sequence, monotonicMs, receivedAt: now };
  }
}
