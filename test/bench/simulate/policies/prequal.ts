import type { Balancer, Policy } from '../fleet/ports.ts';
import { FailureMemory } from './failure-memory.ts';
import { type CallerSetting, perCaller } from './per-caller.ts';
import { ProbePool } from './probe-pool.ts';
import { RecentQuantile } from './recent-quantile.ts';
import { anyDistinct, anyOf } from './sampling.ts';

/** The paper's names in brackets. */
export interface PrequalParameters {
  /** [r_probe] */
  readonly probesPerRequest: number;
  /** [m] Where probes are reused, half of the replicas at most. */
  readonly mostPooled: number;
  /** [r_remove] A whole number per request; the oldest and the worst in turn. */
  readonly removalsPerRequest: number;
  /** Whether a probe may serve more than one request, by `reuseBudget`. */
  readonly reusesProbes: boolean;
  /** [Q_RIF] Quantile of requests in flight above which a replica is hot. */
  readonly hotQuantile: number;
  /** Probes that are older are dropped, seconds. */
  readonly maxAge: number;
  /** A caller probes when it has not for this long, seconds. */
  readonly maxIdle: number;
}

/** [δ] How fast the pool fills. */
const FILLING = 1;

/**
 * [b_reuse] Requests that may use one probe in the mean, so that the pool neither runs dry nor keeps probes for long:
 * max(1, (1 + δ) / ((1 - m/n) r_probe - r_remove)).
 */
export function reuseBudget(pooled: number, replicas: number, probes: number, removals: number): number {
  const gained = (1 - pooled / replicas) * probes - removals;
  return gained > 0 ? Math.max(1, (1 + FILLING) / gained) : Number.POSITIVE_INFINITY;
}

export const PUBLISHED: PrequalParameters = {
  probesPerRequest: 3,
  mostPooled: 16,
  removalsPerRequest: 1,
  reusesProbes: true,
  hotQuantile: 2 ** -0.25,
  maxAge: 1,
  maxIdle: 1,
};

/** With fewer probes there is no choice, and the paper draws at random. */
const MIN_OCCUPANCY = 2;
/** Number of recent probes that estimate the distribution of requests in flight; the paper only says "recent". */
const DISTRIBUTION_SIZE = 128;
/** How much the fraction of failures worsens a replica's score; the factor of Ballast's own pick. */
const FAILURE_AVERSION = 20;

/**
 * Prequal as published: "Load is not what you should balance: Introducing Prequal" (Wydrowski, Kleinberg, Rumble,
 * Archer; NSDI 2024), asynchronous mode with the parameters of its testbed (section 5). Each request is sent by the
 * hot-cold lexicographic rule over a pool of probe answers and triggers probes of random replicas for the requests
 * to come. The paper does not describe its heuristics against sinkholing; here latency and requests in flight of a
 * replica that fails are raised by its fraction of failures, as this caller saw them and as the replica reports them.
 */
export const prequal: Policy = prequalWith('Prequal', PUBLISHED);

export function prequalWith(name: string, parameters: PrequalParameters): Policy {
  return perCaller(name, (setting) => new PrequalCaller(setting, parameters));
}

class PrequalCaller implements Balancer {
  readonly #setting: CallerSetting;
  readonly #parameters: PrequalParameters;
  readonly #pool: ProbePool;
  readonly #inFlight = new RecentQuantile(DISTRIBUTION_SIZE);
  readonly #failures: FailureMemory;
  readonly #reuse: number;
  #probeRounds = 0;
  #removeOldestNext = true;

  constructor(setting: CallerSetting, parameters: PrequalParameters) {
    this.#setting = setting;
    this.#parameters = parameters;
    const { probesPerRequest, mostPooled, removalsPerRequest, reusesProbes } = parameters;
    // The reuse budget supposes a pool that is small beside the fleet, as the paper's is: near m = n no probe is new.
    const pooled = reusesProbes ? Math.min(mostPooled, Math.max(MIN_OCCUPANCY, setting.replicas >> 1)) : mostPooled;
    this.#pool = new ProbePool(pooled);
    this.#reuse = reusesProbes ? reuseBudget(pooled, setting.replicas, probesPerRequest, removalsPerRequest) : 1;
    this.#failures = new FailureMemory(setting.replicas);
    this.#probeAfter(parameters.maxIdle * setting.random());
  }

  pick(): number {
    const { fleet, replicas, random } = this.#setting;
    this.#pool.dropReceivedBefore(fleet.timeline.now - this.#parameters.maxAge);
    const threshold = this.#inFlight.at(this.#parameters.hotQuantile);
    const best = this.#pool.probes.length < MIN_OCCUPANCY ? undefined : this.#pool.best(threshold);
    if (best !== undefined) this.#pool.use(best);
    for (let removed = 0; removed < this.#parameters.removalsPerRequest; removed++) this.#removeOne(threshold);
    this.#probe();
    return best?.replica ?? anyOf(random, replicas);
  }

  answered(_request: number, replica: number, { failed }: { readonly failed: boolean }): void {
    this.#failures.answered(replica, failed, this.#setting.fleet.timeline.now);
  }

  #removeOne(threshold: number): void {
    if (this.#removeOldestNext) this.#pool.removeOldest();
    else this.#pool.removeWorst(threshold);
    this.#removeOldestNext = !this.#removeOldestNext;
  }

  /** Unless it probes earlier. */
  #probeAfter(seconds: number): void {
    const rounds = this.#probeRounds;
    this.#setting.fleet.timeline.after(seconds, () => {
      if (rounds === this.#probeRounds) this.#probe();
    });
  }

  #probe(): void {
    const { fleet, service, replicas, random } = this.#setting;
    this.#probeRounds++;
    this.#probeAfter(this.#parameters.maxIdle);
    for (const replica of anyDistinct(random, replicas, this.#parameters.probesPerRequest)) {
      fleet.probe(service, replica, (report) => {
        const { now } = fleet.timeline;
        if (report.requestsPerSecond > 0) {
          this.#failures.reported(replica, Math.min(1, report.errorsPerSecond / report.requestsPerSecond), now);
        }
        const aversion = 1 + FAILURE_AVERSION * this.#failures.share(replica, now);
        this.#inFlight.add(report.requestsInFlight);
        this.#pool.add({
          replica,
          receivedAt: now,
          requestsInFlight: (report.requestsInFlight + 1) * aversion - 1,
          latency: report.latency * aversion,
          usesLeft: this.#roundedReuse(),
        });
      });
    }
  }

  /** A fraction is rounded at random, which keeps the mean. */
  #roundedReuse(): number {
    const whole = Math.floor(this.#reuse);
    return this.#setting.random() < this.#reuse - whole ? whole + 1 : whole;
  }
}
