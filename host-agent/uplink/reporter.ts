/**
 * Sends reports to the controller. The first goes by itself and finds the one that leads; those that follow are lines of
 * long requests, for as long as that controller is heard: its heartbeats stand for the answers that each would get, and
 * an agent's CPU goes by how often it is woken up. Amounts are counters, so a report that is lost is not sent again.
 */
import type { Dispatcher } from 'undici';
import type { AgentReport } from '../../contract/report.ts';
import type { Sample } from '../sample/sampler.ts';
import type { ControllerLink } from './controller-link.ts';
import type { Batch, PendingStatistics } from './pending-statistics.ts';
import { type Outcome, postReports, reasonOf } from './post-reports.ts';
import { ReportStream } from './report-stream.ts';

/** Of a host that is gone nobody says so: the next address must not wait for long. */
const CONNECT_MS = 1000;
const TIMEOUT_MS = 2000;

/** The report that comes so long after the first of a request is its last. */
const LAST_LINE_MS = 8000;
/** Where none comes in time: the controller's server allows a request ten seconds. */
const MAX_MS = 9000;

export interface Identity {
  readonly node: string;
  /** Random per process: the controller then knows that counters begin anew. */
  readonly instance: string;
}

/** A report as JSON, in one line. The proxies' parts are JSON already. */
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
  #outcome: (outcome: Outcome, reports: number) => void;
  #now: () => number;
  #sequence = 0;
  #underway = false;
  /** Who accepted the last request. */
  #accepts: string | undefined;
  #stream: ReportStream | undefined;

  /** @param outcome of each request, with the number of reports that it stands for: of one that fails, the last */
  constructor(
    link: ControllerLink,
    identity: Identity,
    statistics: PendingStatistics,
    now: () => number,
    outcome: (outcome: Outcome, reports: number) => void,
  ) {
    this.#link = link;
    this.#dispatcher = link.dispatcher({ connectMs: CONNECT_MS, headersMs: TIMEOUT_MS, bodyMs: TIMEOUT_MS });
    this.#identity = identity;
    this.#statistics = statistics;
    this.#now = now;
    this.#outcome = outcome;
  }

  /** Sends one sample, unless the one before is still on its way: the next one says all that this one would. */
  async send(sample: Sample): Promise<void> {
    if (this.#underway) return;
    if (this.#accepts !== undefined && this.#link.hears(this.#accepts)) {
      this.#write(sample, this.#accepts);
    } else {
      this.#abandon();
      await this.#sendAlone(sample);
    }
  }

  async #sendAlone(sample: Sample): Promise<void> {
    this.#underway = true;
    const batch = this.#statistics.take();
    const outcome = await this.#post(encodeReport(this.#identity, this.#sequence++, sample, batch));
    // What was refused once is refused again: it must not stop what comes after it.
    if (outcome.kind === 'accepted' || outcome.kind === 'refused') this.#statistics.delivered(batch);
    this.#underway = false;
    this.#outcome(outcome, 1);
  }

  #write(sample: Sample, origin: string): void {
    const stream = (this.#stream ??= this.#open(origin));
    if (stream.isBusy) return;
    const batch = this.#statistics.take();
    stream.write(encodeReport(this.#identity, this.#sequence++, sample, batch));
    // What is lost with a controller that goes, proxies say again: they send what they counted since they began.
    this.#statistics.delivered(batch);
    if (this.#now() - stream.openedAt >= LAST_LINE_MS) stream.end();
  }

  #open(origin: string): ReportStream {
    const limits = { longestMs: MAX_MS, answerMs: TIMEOUT_MS };
    const stream = new ReportStream(origin, this.#now(), limits, (body) =>
      postReports(this.#dispatcher, this.#link, origin, body),
    );
    void stream.outcome.then((outcome) => this.#ended(stream, outcome));
    return stream;
  }

  #ended(stream: ReportStream, outcome: Outcome): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    if (outcome.kind !== 'accepted') this.#accepts = undefined;
    if (outcome.kind === 'unreachable') this.#link.failed(stream.origin);
    this.#outcome(outcome, outcome.kind === 'accepted' ? stream.reports : 1);
  }

  #abandon(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    const reason = `${stream.origin} is not heard any more`;
    stream.abandon(reason);
    this.#outcome({ kind: 'unreachable', reason }, 1);
  }

  /** Tries one address after the other until one leads; if none does, the last one's answer says why. */
  async #post(body: string): Promise<Outcome> {
    let outcome: Outcome = { kind: 'unreachable', reason: `${this.#link.url.hostname}: no address` };
    this.#accepts = undefined;
    try {
      for (const origin of await this.#link.origins()) {
        outcome = await postReports(this.#dispatcher, this.#link, origin, body);
        if (outcome.kind !== 'unreachable') {
          this.#link.leads(origin);
          if (outcome.kind === 'accepted') this.#accepts = origin;
          return outcome;
        }
        this.#link.failed(origin);
      }
    } catch (error) {
      outcome = { kind: 'unreachable', reason: reasonOf(error) };
    }
    return outcome;
  }

  async close(): Promise<void> {
    this.#stream = undefined;
    await this.#dispatcher.destroy();
  }
}
