/** Writes events of policies, each once however often it happens within a while, and never a flood of them. */
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import type { Observed } from '../kubernetes/observed-objects.ts';
import type { KubernetesWriter } from '../kubernetes/kubernetes-writer.ts';
import { TokenBucket } from '../kubernetes/token-bucket.ts';
import { eventObject, type PolicyEvent } from './events.ts';

const BURST = 50;
const PER_SECOND = 1;
/** The same event within this time is only counted. */
const REPEAT_MS = 60_000;
/** The API server forgets events after an hour, and so do we. */
const FORGET_MS = 3_600_000;

interface Told {
  readonly first: number;
  count: number;
  last: number;
  writtenAt: number;
}

export class EventWriter {
  readonly #writer: KubernetesWriter;
  readonly #now: () => number;
  readonly #bucket = new TokenBucket(BURST, PER_SECOND);
  readonly #told = new Map<string, Told>();

  constructor(writer: KubernetesWriter, now: () => number) {
    this.#writer = writer;
    this.#now = now;
  }

  /** An event that cannot be written is lost: the status says the same. */
  async write(policy: Observed<LoadBalancingPolicy>, event: PolicyEvent): Promise<void> {
    const now = this.#now();
    for (const [key, { last }] of this.#told) if (now - last > FORGET_MS) this.#told.delete(key);
    const key = `${policy.metadata.uid} ${event.reason} ${event.message}`;
    const told = this.#told.get(key) ?? { first: now, count: 0, last: now, writtenAt: -Infinity };
    this.#told.set(key, told);
    told.count += 1;
    told.last = now;
    if (now - told.writtenAt < REPEAT_MS || !this.#bucket.take(now)) return;
    told.writtenAt = now;
    await this.#writer.apply(eventObject(policy, event, told.count, told), true);
  }
}
