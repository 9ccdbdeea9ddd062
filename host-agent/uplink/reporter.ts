/**
 * Sends reports to the controller. The first goes by itself and finds the leader; those that follow are lines of long
 * requests while that controller's lines come: its heartbeats stand for the answers that each would get, and an agent's
 * CPU goes by how often it wakes up. Amounts are counters, so a report that is lost is not sent again.
 */
import type { Dispatcher } from 'undici';
import type { Sample } from '../sample/sampler.ts';
import type { ControllerLink } from './controller-link.ts';
import { reasonOf } from './exchange.ts';
import { type Outcome, postReports, type Target } from './post-reports.ts';
import { ReportStream } from './report-stream.ts';

/** How long the controller may take to answer. */
const ANSWER_MS = 2000;

/** The report that comes so long after the first of a request is its last. */
const LAST_LINE_MS = 8000;
/** Where none comes in time: the controller's server allows a request ten seconds. */
const MAX_MS = 9000;
/** A full report this often costs little, and mends what the two ends might disagree about. */
const FULL_MS = 300_000;

/** Reports of one protocol. */
export interface ReportSource {
  /** The next report, as JSON in one line. A full one depends on none before it. */
  next(sample: Sample, full: boolean): string;
  /** The report was taken, or refused for good. */
  delivered(): void;
}

export interface ReporterPorts {
  readonly link: ControllerLink;
  readonly reports: ReportSource;
  /** For controllers of the version before. */
  readonly oldReports: ReportSource;
  /** Monotonic clock, ms. */
  readonly now: () => number;
  /** Outcome of each request, with the number of reports that it stands for: of one that fails, the last. */
  readonly outcome: (outcome: Outcome, reports: number) => void;
}

export class Reporter {
  readonly #ports: ReporterPorts;
  readonly #dispatcher: Dispatcher;
  #underway = false;
  /** Who accepted the last request. */
  #accepts: Target | undefined;
  #stream: ReportStream | undefined;
  #fullAt = -Infinity;
  #sendsOld = false;

  constructor(ports: ReporterPorts) {
    this.#ports = ports;
    this.#dispatcher = ports.link.dispatcher();
  }

  /** The controller that answered last takes reports of the version before. */
  get sendsOld(): boolean {
    return this.#sendsOld;
  }

  /** Sends one sample, unless the one before is still on its way: the next one says all that this one would. */
  async send(sample: Sample): Promise<void> {
    if (this.#underway) return;
    const accepts = this.#accepts;
    if (accepts !== undefined && this.#ports.link.isLive(accepts.origin)) {
      this.#write(sample, accepts);
    } else {
      this.#abandon();
      this.#underway = true;
      const outcome = await this.#sendAlone(sample);
      this.#underway = false;
      this.#ports.outcome(outcome, 1);
    }
  }

  #write(sample: Sample, target: Target): void {
    const stream = (this.#stream ??= this.#open(target));
    if (stream.isBusy) return;
    const now = this.#ports.now();
    const isFullDue = now - this.#fullAt >= FULL_MS;
    if (isFullDue) this.#fullAt = now;
    const source = this.#source(target);
    stream.write(source.next(sample, isFullDue));
    source.delivered();
    if (now - stream.openedAt >= LAST_LINE_MS) stream.end();
  }

  #source({ isOld }: Target): ReportSource {
    return isOld ? this.#ports.oldReports : this.#ports.reports;
  }

  #open(target: Target): ReportStream {
    const limits = { longestMs: MAX_MS, answerMs: ANSWER_MS };
    const stream = new ReportStream(target.origin, this.#ports.now(), limits, (body, abandoned) =>
      postReports(this.#dispatcher, this.#ports.link, target, body, abandoned),
    );
    void stream.outcome.then((outcome) => this.#ended(stream, outcome));
    return stream;
  }

  #ended(stream: ReportStream, outcome: Outcome): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    if (outcome.kind !== 'accepted') this.#accepts = undefined;
    if (outcome.kind === 'unreachable') this.#ports.link.failed(stream.origin);
    this.#ports.outcome(outcome, outcome.kind === 'accepted' ? stream.reports : 1);
  }

  #abandon(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    const reason = `no line comes from ${stream.origin} any more`;
    stream.abandon(reason);
    this.#ports.outcome({ kind: 'unreachable', reason }, 1);
  }

  /** Tries one address after the other until one leads; if none does, the last one's answer says why. */
  async #sendAlone(sample: Sample): Promise<Outcome> {
    const { link, now } = this.#ports;
    let outcome: Outcome = { kind: 'unreachable', reason: `${link.url.hostname}: no address` };
    this.#accepts = undefined;
    this.#fullAt = now();
    try {
      for (const origin of await link.origins()) {
        let target: Target = { origin, isOld: false };
        outcome = await this.#post(target, sample);
        if (outcome.kind === 'old') {
          target = { ...target, isOld: true };
          outcome = await this.#post(target, sample);
        }
        if (outcome.kind !== 'unreachable') {
          link.leads(origin);
          if (outcome.kind === 'accepted') this.#accepts = target;
          this.#sendsOld = target.isOld;
          // What was refused once is refused again: it must not stop what comes after it.
          if (outcome.kind === 'accepted' || outcome.kind === 'refused') this.#source(target).delivered();
          return outcome;
        }
        link.failed(origin);
      }
    } catch (error) {
      outcome = { kind: 'unreachable', reason: reasonOf(error) };
    }
    return outcome;
  }

  #post(target: Target, sample: Sample): Promise<Outcome> {
    return postReports(this.#dispatcher, this.#ports.link, target, this.#source(target).next(sample, true));
  }

  async close(): Promise<void> {
    this.#stream = undefined;
    await this.#dispatcher.destroy();
  }
}
