/** Posts reports to the controller. Amounts are counters, so a report that is lost is not sent again. */
import { Client } from 'undici';
import type { AgentReport } from '../../central-controller/contract/report.ts';
import type { Sample } from '../sample/sampler.ts';
import type { Batch, PendingStatistics } from './pending-statistics.ts';

const TIMEOUT_MS = 2000;

/** `unreachable`: no answer; `refused`: the controller will not have it, now or again; `failed`: it could not just now. */
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
  #client: Client;
  #identity: Identity;
  #statistics: PendingStatistics;
  #outcome: (outcome: Outcome) => void;
  #sequence = 0;
  #underway = false;

  constructor(controller: URL, identity: Identity, statistics: PendingStatistics, outcome: (outcome: Outcome) => void) {
    this.#client = new Client(controller.origin, {
      connect: { timeout: TIMEOUT_MS },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
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

  async #post(body: string): Promise<Outcome> {
    try {
      const response = await this.#client.request({
        path: '/agent/v1/reports',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      if (response.statusCode < 300) {
        await response.body.dump();
        return { kind: 'accepted' };
      }
      const reason = `status ${response.statusCode}: ${(await response.body.text()).slice(0, 500)}`;
      const { statusCode } = response;
      return { kind: statusCode < 500 && statusCode !== 429 && statusCode !== 404 ? 'refused' : 'failed', reason };
    } catch (error) {
      return { kind: 'unreachable', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }
}
