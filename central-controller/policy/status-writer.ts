/** Writes a policy's status when it changes, at a bounded rate. */
import { isDeepStrictEqual } from 'node:util';
import type { PolicyStatus } from '../../contract/policy-status.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import type { Observed } from '../kubernetes/observed-objects.ts';
import { matches } from '../kubernetes/matches.ts';
import type { KubernetesWriter, WriteOutcome } from '../kubernetes/kubernetes-writer.ts';

/**
 * Per policy: at most one write a second, and one in ten seconds where only the last decision changed. After a refusal
 * the next try is ten seconds later.
 */
const MIN_MS = 1_000;
const DECISION_ONLY_MS = 10_000;
const RETRY_MS = 10_000;
/** How long to wait for the watch to show what was written. */
const SEEN_WITHIN_MS = 5_000;

interface Written {
  readonly status: PolicyStatus;
  readonly at: number;
  readonly isRefused: boolean;
}

export class StatusWriter {
  readonly #writer: KubernetesWriter;
  readonly #now: () => number;
  /** By uid of the policy. */
  readonly #written = new Map<string, Written>();

  constructor(writer: KubernetesWriter, now: () => number) {
    this.#writer = writer;
    this.#now = now;
  }

  /** The status as it was last written, until the watch shows it or has had the time to; then as the watch shows it. */
  current({ metadata, status }: Observed<LoadBalancingPolicy>): PolicyStatus | undefined {
    const written = this.#written.get(metadata.uid);
    const isUnseen = written && !written.isRefused && this.#now() - written.at < SEEN_WITHIN_MS;
    // Its fields are only compared or copied, and the API server checked its form.
    return isUnseen ? written.status : (status as PolicyStatus | undefined);
  }

  /** Writes if the status changed and the rate allows it; undefined where nothing was written. */
  async write(policy: Observed<LoadBalancingPolicy>, next: PolicyStatus): Promise<WriteOutcome | undefined> {
    const { uid } = policy.metadata;
    const before = this.current(policy);
    const written = this.#written.get(uid);
    const now = this.#now();
    const waited = now - (written?.at ?? -Infinity);
    if (before && matches(before, next) && matches(next, before)) return undefined;
    if (waited < (written?.isRefused ? RETRY_MS : MIN_MS)) return undefined;
    if (waited < DECISION_ONLY_MS && isDeepStrictEqual(withoutDecision(before), withoutDecision(next)))
      return undefined;
    const outcome = await this.#writer.applyStatus(policy, next);
    this.#written.set(uid, { status: next, at: this.#now(), isRefused: !outcome.ok });
    return outcome;
  }

  /** Forgets all other policies. */
  keepOnly(policies: readonly Observed<LoadBalancingPolicy>[]): void {
    const uids = new Set(policies.map(({ metadata }) => metadata.uid));
    for (const uid of this.#written.keys()) if (!uids.has(uid)) this.#written.delete(uid);
  }
}

function withoutDecision(status: PolicyStatus | undefined): Partial<PolicyStatus> {
  const { lastDecision: _, ...rest } = status ?? {};
  return rest;
}
