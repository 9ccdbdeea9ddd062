/** The statistics' encoder (in the shipped module) against the contract's decoder and a model. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketBoundSeconds, LATENCY_BUCKETS } from '../../contract/latency-buckets.ts';
import type { Stream } from './support/module-interface.ts';
import { chosen, equalReplicas, KEY, Scene, send, service, statistics, POST_MS } from './support/scene.ts';

interface Tally {
  requests: number;
  failures: number;
  unreached: number;
  inFlight: number;
  inFlightMs: number;
  buckets: number[];
}

function bucketOf(ms: number): number {
  return Array.from({ length: LATENCY_BUCKETS }, (_, i) => i).find((i) => ms / 1000 <= bucketBoundSeconds(i)) ?? -1;
}

function tallyOf(tallies: Map<string, Tally>, name: string): Tally {
  const tally = tallies.get(name) ?? {
    requests: 0,
    failures: 0,
    unreached: 0,
    inFlight: 0,
    inFlightMs: 0,
    buckets: [],
  };
  tally.buckets.length = LATENCY_BUCKETS;
  tallies.set(name, tally);
  return tally;
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('send' as const) }),
  fc.record({
    kind: fc.constant('end' as const),
    which: fc.nat(),
    how: fc.constantFrom('200', '404', '500', 'reset' as const),
  }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 5000 }) }),
);

describe('the statistics', () => {
  it('match a model of any sequence of requests', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const scene = new Scene();
        const vm = scene.holding([service(equalReplicas(3))], 1e9);
        const tallies = new Map<string, Tally>();
        const open: { stream: Stream; at: number }[] = [];
        const wait = (ms: number): void => {
          scene.now += ms;
          for (const tally of tallies.values()) tally.inFlightMs += tally.inFlight * ms;
        };
        for (const action of steps) {
          if (action.kind === 'wait') {
            wait(action.ms);
          } else if (action.kind === 'send') {
            const stream = send(vm);
            tallyOf(tallies, chosen(stream) ?? '?').inFlight++;
            open.push({ stream, at: scene.now });
          } else if (open.length > 0) {
            const [{ stream, at }] = open.splice(action.which % open.length, 1) as [{ stream: Stream; at: number }];
            const tally = tallyOf(tallies, chosen(stream) ?? '?');
            if (action.how !== 'reset') vm.respond(stream, { ':status': action.how });
            vm.end(stream);
            tally.requests++;
            tally.inFlight--;
            if (action.how === '500' || action.how === 'reset') tally.failures++;
            else tally.buckets[bucketOf(scene.now - at)] = (tally.buckets[bucketOf(scene.now - at)] ?? 0) + 1;
          }
        }
        wait(2000);
        vm.tick();
        const counters = statistics(vm);
        expect(counters?.called.length ?? 0).toBe(tallies.size);
        for (const [name, tally] of tallies) {
          const record = counters?.called.find(({ replica }) => replica === name);
          expect(record).toMatchObject({
            service: KEY,
            requests: tally.requests,
            failures: tally.failures,
            unreached: 0,
            ejected: false,
            inFlight: tally.inFlight,
            latencyBuckets: Array.from(tally.buckets, (count) => count ?? 0),
          });
          expect(record?.inFlightSeconds).toBeCloseTo(tally.inFlightMs / 1000, 6);
        }
      }),
      { numRuns: 80 },
    );
  });

  it('name the proxy, rise in sequence and differ in instance', () => {
    const scene = new Scene();
    const vms = [scene.holding([service(equalReplicas(1))]), scene.vm()] as const;
    scene.pass(200, ...vms);
    for (const vm of vms) send(vm);
    scene.pass(3000, ...vms);
    const [first, second] = vms.map(statistics);
    expect(first).toMatchObject({ pod: 'caller-0', namespace: 'shop', tableVersion: 1, fallbacks: 0 });
    expect(second).toMatchObject({ pod: 'caller-0', tableVersion: 1 });
    expect(first?.instance).not.toBe(second?.instance);
    const sequence = first?.sequence ?? 0;
    scene.pass(POST_MS, ...vms);
    expect(statistics(vms[0])?.sequence).toBe(sequence + 1);
  });

  it('are not sent by a VM without any request', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(1))]);
    scene.pass(3000, vm);
    expect(statistics(vm)).toBeUndefined();
  });

  it('keep a removed replica for a while, and one with a request under way until that ends', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(1))], 1e9);
    const stream = send(vm);
    scene.publish(vm, []);
    scene.pass(60_000, vm);
    scene.publish(vm, []);
    scene.pass(POST_MS, vm);
    expect(statistics(vm)?.called).toMatchObject([{ replica: 'echo-0', inFlight: 1 }]);
    vm.end(stream);
    scene.pass(31_000, vm);
    scene.publish(vm, []);
    vm.calls.splice(0);
    scene.pass(POST_MS + 100, vm);
    expect(statistics(vm)).toBeUndefined();
  });
});
