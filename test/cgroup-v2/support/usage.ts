/** The sampler's figures of pods over a span of time. */
import { setTimeout as wait } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { ReplicaCpu } from '../../../contract/report.ts';
import type { GuestSample } from '../guest/sampling.ts';
import { call } from './guest.ts';
import type { Pod } from './pods.ts';

const WAIT = { timeout: 60_000, interval: 100 };

export interface Usage {
  readonly cores: number;
  /** Throttled seconds per second. */
  readonly throttled: number;
  readonly limitCores: number | undefined;
}

export function replicaOf(sample: GuestSample, pod: Pod): ReplicaCpu {
  const replica = sample.replicas.find(({ uid }) => uid === pod.uid);
  if (replica === undefined) throw new Error(`the sample has no pod ${pod.uid}`);
  return replica;
}

/** Usage of the pods, and busy cores of the node, between two samples some seconds apart. */
export async function measure(pods: readonly Pod[], seconds = 2): Promise<{ pods: Usage[]; busyCores: number }> {
  const before = await call('sample');
  await wait(seconds * 1000);
  const after = await call('sample');
  const elapsed = (after.atMs - before.atMs) / 1000;
  return {
    pods: pods.map((pod) => {
      const [from, to] = [replicaOf(before, pod), replicaOf(after, pod)];
      return {
        cores: (to.cpuSeconds - from.cpuSeconds) / elapsed,
        throttled: (to.throttledSeconds - from.throttledSeconds) / elapsed,
        limitCores: to.limitCores,
      };
    }),
    busyCores: ((after.node?.busySeconds ?? NaN) - (before.node?.busySeconds ?? NaN)) / elapsed,
  };
}

/** The pod's counter, once it is at least `min`. */
export async function cpuSecondsOf(pod: Pod, min = 0): Promise<number> {
  const read = async (): Promise<number> => replicaOf(await call('sample'), pod).cpuSeconds;
  if (min > 0) await vi.waitFor(async () => expect(await read()).toBeGreaterThanOrEqual(min), WAIT);
  return read();
}
