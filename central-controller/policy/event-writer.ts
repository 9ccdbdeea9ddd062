/** Writes events of policies: repeats within a minute are only counted, and a bucket bounds the rate. */
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import type { Observed } from '../kubernetes/observed-objects.ts';
import type { KubernetesWriter } from '../kubernetes/kubernetes-writer.ts';
import { TokenBucket } from '../kubernetes/token-bucket.ts';
import { eventObject, type PolicyEvent } from './events.ts';

const BURST = 50;
const PER_SECOND = 1;
const REPEAT_MS = 60_000;
/** As long as the API server keeps events. */
const FORGET_MS = 3_600_000;

interface Sent {
  readonly first: number;
  count: number;
  last: number;
  writtenAt: number;
}

export class EventWriter {
  readonly #writer: KubernetesWriter;
  readonly #now: () => number;
  readonly #bucket = new TokenBucket(BURST, PER_SECOND);
  readonly #sent = new Map<string, Sent>();

  constructor(writer: KubernetesWriter, now: () => number) {
    this.#writer = writer;
    this.#now = now;
  }

  /** An event that cannot be written is lost: the status says the same. */
  async write(policy: Observed<LoadBalancingPolicy>, event: PolicyEvent): Promise<void> {
    const now = this.#now();
    for (const [key, { last }] of this.#sent) if (now - last > FORGET_MS) this.#sent.delete(key);
    const key = `${policy.metadata.uid} ${event.reason} ${event.message}`;
    const sent = this.#sent.get(key) ?? { first: now, count: 0, last: now, writtenAt: -Infinity };
    this.#sent.set(key, sent);
    sent.count += 1;
    sent.last = now;
    if (now - sent.writtenAt < REPEAT_MS || !this.#bucket.take(now)) return;
    sent.writtenAt = now;
    await this.#writer.apply(eventObject(policy, event, sent.count, sent), true);
  }
}
