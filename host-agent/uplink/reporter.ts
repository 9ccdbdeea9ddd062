/** Posts reports to the controller. Amounts are counters, so a report that is lost is not sent again. */
import type { Dispatcher } from 'undici';
import type { AgentReport } from '../../central-controller/contract/report.ts';
import type { Sample } from '../sample/sampler.ts';
import { type ControllerLink, isNotLeader } from './controller-link.ts';
import type { Batch, PendingStatistics } from './pending-statistics.ts';

/** Of a host that is gone nobody says so: the next address must not wait for long. */
const CONNECT_MS = 1000;
const TIMEOUT_MS = 2000;

/** `unreachable`: no answer, or none of a controller that leads; `refused`: the controller will not have it, now or again; `failed`: it could not just now. */
export type Outcome =
  { readonly kind: 'accepted' } | { readonly kind: 'refused' | 'failed' | 'unreachable'; readonly reason: string };

export interface Identity {
  readonly node: string;
  /** Random per process: the controller then knows that counters begin anew. */
  readonly instance: string;
}

/** A report as JSON. The proxies' parts are JSON already. */
export function encodeReport(identity: Identity, sequence: number, sample: Sample, proxies: Batch): string {
  const report: Omit<AgentReport, 'proxies'> = {
    node: identity.node,
    instance: identity.instance,
    sequence,
    monotonicMs: Math.round(sample.monotonicMs * 1000) / 1000,
    cpu: sample.cpu,
    replicas: sample.replicas,
  };
  return `${JSON.stringify(report).slice(0, -1)},"proxies":[${proxies.map((entry) => entry.json).join(',')}]}`;
}

export class Reporter {
  #link: ControllerLink;
  #dispatcher: Dispatcher;
  #identity: Identity;
  #statistics: PendingStatistics;
  #outcome: (outcome: Outcome) => void;
  #sequence = 0;
  #underway = false;

  constructor(
    link: ControllerLink,
    identity: Identity,
    statistics: PendingStatistics,
    outcome: (outcome: Outcome) => void,
  ) {
    this.#link = link;
    this.#dispatcher = link.dispatcher({ connectMs: CONNECT_MS, headersMs: TIMEOUT_MS, bodyMs: TIMEOUT_MS });
    this.#identity = identity;
    this.#statistics = statistics;
    this.#outcome = outcome;
  }

  /** Sends one sample, unless the one before is still on its way: the next one says all that this one would. */
  async send(sample: Sample): Promise<void> {
    if (this.#underway) return;
    this.#underway = true;
    const batch = this.#statistics.take();
    const outcome = await this.#post(encodeReport(this.#identity, this.#sequence++, sample, batch));
    // What was refused once is refused again: it must not stop what comes after it.
    if (outcome.kind === 'accepted' || outcome.kind === 'refused') this.#statistics.delivered(batch);
    this.#underway = false;
    this.#outcome(outcome);
  }

  /** Tries one address after the other until one leads; if none does, the last one's answer says why. */
  async #post(body: string): Promise<Outcome> {
    let outcome: Outcome = { kind: 'unreachable', reason: `${this.#link.url.hostname}: no address` };
    try {
      for (const origin of await this.#link.origins()) {
        outcome = await this.#postTo(origin, body);
        if (outcome.kind !== 'unreachable') {
          this.#link.leads(origin);
          return outcome;
        }
        this.#link.failed(origin);
      }
    } catch (error) {
      outcome = { kind: 'unreachable', reason: reasonOf(error) };
    }
    return outcome;
  }

  async #postTo(origin: string, body: string): Promise<Outcome> {
    try {
      const { status, text } = await this.#exchange(origin, body);
      if (status < 300) return { kind: 'accepted' };
      const reason = `status ${status}: ${text.slice(0, 500)}`;
      if (isNotLeader(status, text)) return { kind: 'unreachable', reason };
      return { kind: status < 500 && status !== 429 && status !== 404 ? 'refused' : 'failed', reason };
    } catch (error) {
      return { kind: 'unreachable', reason: reasonOf(error) };
    }
  }

  /** By undici's handlers, since a stream for each answer, empty as a rule, costs more. */
  #exchange(origin: string, body: string): Promise<{ readonly status: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      let status = 0;
      const chunks: Buffer[] = [];
      this.#dispatcher.dispatch(
        {
          origin,
          path: '/agent/v1/reports',
          method: 'POST',
          headers: { host: this.#link.url.host, 'content-type': 'application/json' },
          body,
        },
        {
          // By its name undici tells such handlers from those of its earlier versions.
          onRequestStart() {},
          onResponseStart(_controller, statusCode) {
            status = statusCode;
          },
          onResponseData: (_controller, chunk) => void chunks.push(chunk),
          onResponseEnd: () => resolve({ status, text: Buffer.concat(chunks).toString() }),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
