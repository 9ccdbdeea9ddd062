/** Carries out a routing plan step by step, at a bounded rate, and retries refused writes with back-off. */
import { describeManifest } from '../kubernetes/manifest.ts';
import type { KubernetesWriter, WriteOutcome } from '../kubernetes/kubernetes-writer.ts';
import type { RoutingPlan } from './plan-routing.ts';
import type { Write } from './plan-service.ts';
import { TokenBucket } from '../kubernetes/token-bucket.ts';

const BURST = 50;
const PER_SECOND = 10;
const MIN_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** How long to wait for the watch to show a write before it is repeated. */
const SEEN_WITHIN_MS = 5_000;

/** A write that the API server refused; it is retried later. */
export interface WriteFailure {
  /** `apply VirtualService shop/cart: forbidden…` */
  readonly message: string;
  readonly attempts: number;
  readonly retryAt: number;
}

export interface WriteDone {
  /** `namespace/name` of the service. */
  readonly service: string;
  readonly write: Write;
  readonly outcome: WriteOutcome;
}

export class RouteWriter {
  readonly #writer: KubernetesWriter;
  readonly #now: () => number;
  readonly #bucket = new TokenBucket(BURST, PER_SECOND);
  readonly #failures = new Map<string, WriteFailure>();
  /** Writes that the watch may not have shown yet, by object, and until when to wait for it. */
  readonly #unseen = new Map<string, { readonly text: string; readonly until: number }>();

  constructor(writer: KubernetesWriter, now: () => number) {
    this.#writer = writer;
    this.#now = now;
  }

  /** The last refusal of each service, by `namespace/name`. */
  get failures(): ReadonlyMap<string, WriteFailure> {
    return this.#failures;
  }

  /** Makes the plan's writes one after the other. A service whose write fails waits; the others go on. */
  async write(plan: RoutingPlan): Promise<WriteDone[]> {
    const done: WriteDone[] = [];
    for (const service of this.#failures.keys()) {
      if ((plan.services.get(service)?.steps.length ?? 0) === 0) this.#failures.delete(service);
    }
    for (const [service, { steps }] of plan.services) {
      if (this.#now() < (this.#failures.get(service)?.retryAt ?? -Infinity)) continue;
      for (const write of steps) {
        if (this.#isAwaited(write)) continue;
        if (!this.#bucket.take(this.#now())) return done;
        const outcome = await this.#make(write);
        done.push({ service, write, outcome });
        if (outcome.ok) this.#failures.delete(service);
        else this.#fail(service, write, outcome.message);
        if (!outcome.ok) break;
      }
    }
    return done;
  }

  /** The same write was made a moment ago, and the watch has not shown it yet. */
  #isAwaited(write: Write): boolean {
    const before = this.#unseen.get(describeManifest(write.object));
    return before !== undefined && before.text === JSON.stringify(write) && this.#now() < before.until;
  }

  async #make(write: Write): Promise<WriteOutcome> {
    const { object } = write;
    const outcome =
      write.verb === 'apply'
        ? await this.#writer.apply(object, write.force)
        : await this.#writer.delete(object, write.uid);
    const now = this.#now();
    for (const [name, { until }] of this.#unseen) if (now >= until) this.#unseen.delete(name);
    if (outcome.ok) {
      this.#unseen.set(describeManifest(object), { text: JSON.stringify(write), until: now + SEEN_WITHIN_MS });
    }
    return outcome;
  }

  #fail(service: string, write: Write, message: string): void {
    const attempts = (this.#failures.get(service)?.attempts ?? 0) + 1;
    const wait = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** (attempts - 1));
    const what = `${write.verb} ${describeManifest(write.object)}: ${message}`;
    this.#failures.set(service, { message: what, attempts, retryAt: this.#now() + wait });
  }
}
