import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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

describe('the pick', () => {
  it('follows the weights where the requests in flight make no difference', () => {
    // All scores (q + 1) / sqrt(w) are 8, and exactly so: what is left is the draw.
    const kinds = [
      { count: 2, weight: 1 / 4, load: 3 },
      { count: 6, weight: 1 / 16, load: 1 },
      { count: 8, weight: 1 / 64, load: 0 },
    ];
    const loads = kinds.flatMap(({ count, ...kind }) => Array.from({ length: count }, () => kind));
    const replicas = loads.map(({ weight, load }, i) =>
      replica(`echo-${i}`, weight, { meanInFlight: load, inFlight: load }),
    );
    const scene = new Scene();
    const vm = scene.holding([service(replicas)]);
    const counts = spread(vm, 20_000);
    const shares = new Map(replicas.map(({ name, weight }) => [name, weight]));
    // 99.99th percentile with 15 degrees of freedom; seeds are fixed, so this never flickers.
    expect(chiSquare(counts, shares)).toBeLessThan(44.3);
  });

  it('follows any weights where no replica is clearly better', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(weights, (parts) => {
        const sum = parts.reduce((a, b) => a + b, 0);
        const shares = new Map(parts.map((part, i) => [`echo-${i}`, part / sum]));
        // Scores (q + 1) / sqrt(w) are alike but for rounding, which the first draw's credit covers.
        const replicas = [...shares].map(([name, weight]) => {
          const load = 100 * Math.sqrt(weight) - 1;
          return replica(name, weight, { meanInFlight: load, inFlight: load });
        });
        const counts = spread(new Scene().holding([service(replicas)]), 4000);
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
    const replicas = [...shares].map(([name, share]) => replica(name, share, { meanInFlight: share / 5 }));
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
    // Two choices keep the gap far below what drawing by weight alone gives (a deviation of 8.7 requests each).
    expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(6);
  });

  it('avoids the replica that says it is loaded, until that is old news', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    const shares = (): number => (spread(vm, 400).get('echo-0') ?? 0) / 400;
    let stream = send(vm);
    while (chosen(stream) !== 'echo-0') {
      finish(vm, stream);
      stream = send(vm);
    }
    finish(vm, stream, { 'x-lb-load': '40;10000' });
    // Both samples are echo-0 in a quarter of the picks.
    expect(shares()).toBeLessThan(0.32);
    scene.now += 10_000;
    expect(shares()).toBeGreaterThan(0.4);
  });

  it('prefers a replica that answered lately and had little to do over two loaded samples', () => {
    const scene = new Scene();
    const replicas = Array.from({ length: 50 }, (_, i) =>
      replica(`echo-${i}`, 1 / 50, { meanInFlight: 10, inFlight: 10, meanLatencySeconds: 1 }),
    );
    const vm = scene.holding([service(replicas)]);
    const first = send(vm);
    finish(vm, first, { 'x-lb-load': '0;10000' });
    expect(chosen(send(vm))).toBe(chosen(first));
    // It has a request more than it told, now: the ring offers it no longer.
    const after = new Set(Array.from({ length: 5 }, () => chosen(send(vm))));
    expect(after).not.toEqual(new Set([chosen(first)]));
  });

  it('forgets who answered after 200 ms', () => {
    const scene = new Scene();
    const busy = { meanInFlight: 10, inFlight: 10, meanLatencySeconds: 100 };
    const vm = scene.holding([service(Array.from({ length: 50 }, (_, i) => replica(`echo-${i}`, 0.02, busy)))]);
    const first = send(vm);
    finish(vm, first, { 'x-lb-load': '0;10000' });
    scene.now += 199;
    const within = send(vm);
    expect(chosen(within)).toBe(chosen(first));
    finish(vm, within, { 'x-lb-load': '0;10000' });
    scene.now += 201;
    const later = new Set(Array.from({ length: 8 }, () => chosen(send(vm))));
    expect(later.size).toBeGreaterThan(4);
  });

  it('avoids a replica that fails, and gives it another chance with time', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    for (let failures = 0; failures < 5;) {
      const stream = send(vm);
      const fails = chosen(stream) === 'echo-0';
      if (fails) failures++;
      finish(vm, stream, { ':status': fails ? '500' : '200' });
    }
    const share = (sends: number): number => (spread(vm, sends).get('echo-0') ?? 0) / sends;
    // Both samples are echo-0 in a quarter of the picks; successes make up for the failures.
    expect(share(100)).toBeLessThan(0.35);
    scene.now += 60_000 - 1;
    scene.publish(vm, [service(equalReplicas(2))]);
    expect(share(200)).toBeGreaterThan(0.35);
  });
});
