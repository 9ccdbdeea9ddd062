import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PluginVm } from './support/host.ts';
import type { Stream } from './support/module-interface.ts';
import { chosen, equalReplicas, finish, replica, Scene, send, service, spread } from './support/scene.ts';

/** Pearson's statistic of counts against shares. */
function chiSquare(counts: ReadonlyMap<string | undefined, number>, shares: ReadonlyMap<string, number>): number {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  let sum = 0;
  for (const [name, share] of shares) sum += ((counts.get(name) ?? 0) - share * total) ** 2 / (share * total);
  return sum;
}

/** What Pearson's statistic stays below in all but one of 300,000 cases (Wilson and Hilferty's approximation). */
function chiSquareBound(degrees: number): number {
  const spreadOf = 2 / (9 * degrees);
  return degrees * (1 - spreadOf + 4.5 * Math.sqrt(spreadOf)) ** 3;
}

/** Answers requests with each replica's load until the VM has a report of every replica. */
function reportAll(vm: PluginVm, loads: ReadonlyMap<string, number>): void {
  const waiting: Stream[] = [];
  for (const missing = new Set(loads.keys()); missing.size > 0;) {
    const stream = send(vm);
    waiting.push(stream);
    missing.delete(chosen(stream) ?? '');
  }
  for (const stream of waiting) finish(vm, stream, { 'x-lb-load': `${loads.get(chosen(stream) ?? '')};1000` });
}

describe('the pick', () => {
  it('follows the weights where the requests in flight make no difference', () => {
    // Every replica has the score (q + 1) / sqrt(w) = 8 exactly, so only the random draw decides.
    const kinds = [
      { count: 2, weight: 1 / 4, load: 3 },
      { count: 6, weight: 1 / 16, load: 1 },
      { count: 8, weight: 1 / 64, load: 0 },
    ];
    const replicas = kinds
      .flatMap(({ count, ...kind }) => Array.from({ length: count }, () => kind))
      .map((kind, i) => ({ name: `echo-${i}`, ...kind }));
    const vm = new Scene().holding([service(replicas.map(({ name, weight }) => replica(name, weight)))]);
    reportAll(vm, new Map(replicas.map(({ name, load }) => [name, load])));
    const counts = spread(vm, 20_000);
    const shares = new Map(replicas.map(({ name, weight }) => [name, weight]));
    // 99.99th percentile with 15 degrees of freedom; seeds are fixed, so this never flickers.
    expect(chiSquare(counts, shares)).toBeLessThan(44.3);
  });

  it('follows any weights while nothing is known', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(weights, (parts) => {
        const sum = parts.reduce((a, b) => a + b, 0);
        const shares = new Map(parts.map((part, i) => [`echo-${i}`, part / sum]));
        const counts = spread(new Scene().holding([service([...shares].map((share) => replica(...share)))]), 4000);
        expect(chiSquare(counts, shares)).toBeLessThan(chiSquareBound(parts.length - 1));
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  it('follows unequal weights while every replica is nearly idle', () => {
    const shares = new Map([
      ['echo-0', 0.65],
      ['echo-1', 0.175],
      ['echo-2', 0.175],
    ]);
    const replicas = [...shares].map(([name, share]) => replica(name, share));
    const scene = new Scene();
    const vm = scene.holding([service(replicas)]);
    const counts = new Map<string | undefined, number>();
    for (let i = 0; i < 5000; i++) {
      const stream = send(vm);
      counts.set(chosen(stream), (counts.get(chosen(stream)) ?? 0) + 1);
      scene.now += 2;
      finish(vm, stream, { 'x-lb-load': '0;2000' });
      scene.now += 8;
    }
    for (const [name, share] of shares) expect((counts.get(name) ?? 0) / 5000).toBeCloseTo(share, 1);
  });

  it('spreads evenly over equal replicas', () => {
    const replicas = equalReplicas(20);
    const vm = new Scene().holding([service(replicas)]);
    const counts = spread(vm, 20_000);
    // 99.99th percentile with 19 degrees of freedom.
    expect(chiSquare(counts, new Map(replicas.map(({ name }) => [name, 1 / 20])))).toBeLessThan(50.8);
  });

  it('never draws a replica of weight zero', () => {
    const vm = new Scene().holding([service([replica('echo-0', 0), replica('echo-1', 1)])]);
    expect([...spread(vm, 500).keys()]).toEqual(['echo-1']);
  });

  it('leaves the choice to Istio when all weights are zero', () => {
    const vm = new Scene().holding([service([replica('echo-0', 0), replica('echo-1', 0)])]);
    expect(chosen(send(vm, { 'x-lb-endpt': 'echo-0' }))).toBeUndefined();
  });

  it('keeps the requests in flight level while none is answered', () => {
    const vm = new Scene().holding([service(equalReplicas(4))]);
    const counts = new Map<string | undefined, number>();
    for (let i = 0; i < 400; i++) {
      const name = chosen(send(vm));
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1);
  });

  it('avoids a replica that reported a high load, and forgets the report after a minute', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    reportAll(vm, new Map([['echo-0', 40], ['echo-1', 3]])); // prettier-ignore
    expect(spread(vm, 400).get('echo-0')).toBeUndefined();
    scene.now += 59_000;
    expect(spread(vm, 400).get('echo-0')).toBeUndefined();
    scene.now += 1_001;
    scene.publish(vm, [service(equalReplicas(2))]);
    expect(spread(vm, 400).get('echo-0')).toBeGreaterThan(50);
  });

  it('finds the one idle replica in its window', () => {
    const vm = new Scene().holding([service(equalReplicas(16))]);
    reportAll(vm, new Map(equalReplicas(16).map(({ name }) => [name, name === 'echo-7' ? 0 : 9])));
    expect([...spread(vm, 100).keys()]).toEqual(['echo-7']);
  });

  it('counts each of its own requests in flight several times, for the unseen ones of other callers', () => {
    const vm = new Scene().holding([service(equalReplicas(2))]);
    reportAll(vm, new Map([['echo-0', 2], ['echo-1', 6]])); // prettier-ignore
    expect([chosen(send(vm)), chosen(send(vm)), chosen(send(vm))]).toEqual(['echo-0', 'echo-1', 'echo-0']);
  });

  it('sends a new replica no more than its weight, however loaded the others are', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(4))]);
    reportAll(vm, new Map(equalReplicas(4).map(({ name }) => [name, 20])));
    const old = equalReplicas(4).map(({ name }) => replica(name, 0.24));
    scene.publish(vm, [service([...old, replica('echo-9', 0.04)])]);
    expect(spread(vm, 1000).get('echo-9')).toBeLessThan(80);
  });

  it('avoids a replica that fails, and gives it another chance with time', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    let stream = send(vm);
    while (chosen(stream) !== 'echo-0') {
      finish(vm, stream);
      stream = send(vm);
    }
    finish(vm, stream, { ':status': '500' });
    expect(spread(vm, 200).get('echo-0')).toBeUndefined();
    scene.pass(60_001, vm);
    scene.publish(vm, [service(equalReplicas(2))]);
    expect(spread(vm, 200).get('echo-0')).toBeGreaterThan(70);
  });
});
