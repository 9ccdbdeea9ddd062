/** The statistics in a VM's messages (from the shipped module) against the contract's decoder and a model. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketBoundSeconds, LATENCY_BUCKETS } from '../../contract/latency-buckets.ts';
import type { Stream } from './support/module-interface.ts';
import {
  answerOf,
  chosen,
  equalReplicas,
  finish,
  HOST,
  KEY,
  messageOf,
  messages,
  poll,
  POST_MS,
  Scene,
  send,
  service,
  statistics,
} from './support/scene.ts';

interface Tally {
  requests: number;
  failures: number;
  inFlight: number;
  latencyMs: number;
  answered: number;
}

function tallyOf(tallies: Map<string, Tally>, name: string): Tally {
  const tally = tallies.get(name) ?? { requests: 0, failures: 0, inFlight: 0, latencyMs: 0, answered: 0 };
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
  it('of calls match a model of any sequence of requests', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const scene = new Scene();
        const vm = scene.holding([service(equalReplicas(3))], 1e9);
        const tallies = new Map<string, Tally>();
        const open: { stream: Stream; at: number }[] = [];
        for (const action of steps) {
          if (action.kind === 'wait') {
            scene.now += action.ms;
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
            if (action.how === '500' || action.how === 'reset') {
              tally.failures++;
            } else {
              tally.latencyMs += scene.now - at;
              tally.answered++;
            }
          }
        }
        scene.pass(POST_MS, vm);
        const called = statistics(vm)?.called ?? [];
        expect(called).toHaveLength(tallies.size);
        for (const [name, { latencyMs, ...tally }] of tallies) {
          const record = called.find(({ replica }) => replica === name);
          expect(record).toMatchObject({ service: KEY, unreached: 0, ejected: false, ...tally });
          expect(record?.latencySeconds).toBeCloseTo(latencyMs / 1000, 6);
        }
      }),
      { numRuns: 80 },
    );
  });

  it('of requests that are served have a histogram of the latencies', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 400_000, noNaN: true }), { maxLength: 30 }), (latencies) => {
        const scene = new Scene();
        const vm = scene.vm();
        const buckets = Array.from({ length: LATENCY_BUCKETS }, () => 0);
        for (const ms of latencies) {
          const stream = vm.request({}, { 'xds.cluster_name': 'inbound|8080||' });
          const before = scene.now;
          scene.now += ms;
          finish(vm, stream);
          // The clock of the host has whole nanoseconds.
          const measured = (Math.round(scene.now * 1e6) - Math.round(before * 1e6)) / 1e9;
          const bucket = buckets.findIndex((_, i) => measured <= bucketBoundSeconds(i) + 1e-12);
          buckets[bucket] = (buckets[bucket] ?? 0) + 1;
        }
        scene.pass(POST_MS, vm);
        const { served } = statistics(vm) ?? {};
        if (latencies.length === 0) expect(served).toBeUndefined();
        else expect(served).toMatchObject({ requests: latencies.length, answered: latencies.length });
        if (served) expect(served.latencyBuckets).toEqual(buckets);
      }),
    );
  });

  it('name the proxy, rise in sequence and differ in instance', () => {
    const scene = new Scene();
    const vms = [scene.holding([service(equalReplicas(1))]), scene.vm()] as const;
    scene.pass(200, ...vms);
    for (const vm of vms) send(vm);
    scene.pass(3000, ...vms);
    const [first, second] = vms.map(statistics);
    expect(first).toMatchObject({ pod: 'caller-0', namespace: 'shop', hasTable: true, fallbacks: 0 });
    expect(second).toMatchObject({ pod: 'caller-0', hasTable: true, holdMs: 0 });
    expect(first?.instance).not.toBe(second?.instance);
    const sequences = messages(vms[0]).map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    expect(new Set(sequences).size).toBe(sequences.length);
  });

  it('of a VM without the lease name the services that they are about, and want none', () => {
    const scene = new Scene();
    const vms = [
      scene.holding([service(equalReplicas(1)), service(equalReplicas(1), { key: `81|${HOST}` })]),
      scene.vm(),
    ] as const;
    scene.pass(200, ...vms);
    finish(vms[1], send(vms[1]));
    scene.pass(POST_MS, ...vms);
    expect(statistics(vms[1])?.services).toMatchObject([{ key: KEY, wanted: false }]);
  });

  it('are sent every 2 s while requests are served or called, by every VM', () => {
    const scene = new Scene();
    const vms = [scene.holding([service(equalReplicas(1))], 1e9), scene.vm()] as const;
    scene.pass(5000, ...vms);
    for (const vm of vms) vm.calls.length = 0;
    for (let i = 0; i < 200; i++) {
      for (const vm of vms) finish(vm, send(vm));
      scene.pass(100, ...vms);
    }
    for (const vm of vms) {
      const counts = messages(vm)
        .filter(({ complete }) => complete)
        .map(({ called }) => called[0]?.requests);
      expect(counts.length).toBeGreaterThanOrEqual(8);
      expect(counts.length).toBeLessThanOrEqual(11);
    }
  });

  it('come with the next message when the agent answers in time: one request every 2 s does for all', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(1))], 1e9);
    scene.pass(5000, vm);
    let sent = 0;
    for (let i = 0; i < 200; i++) {
      finish(vm, send(vm));
      scene.pass(100, vm);
      const held = poll(vm);
      const { holdMs, sequence } = messageOf(held);
      if (sent !== sequence) vm.calls.splice(0, vm.calls.length - 1);
      sent = sequence;
      if (i % 20 === 19) vm.answer(held, 200, answerOf([], { validForMs: 1e9 }));
      expect(holdMs === 2000 || i < 25).toBe(true);
    }
    const first = statistics(vm)?.sequence ?? 0;
    expect(first).toBeLessThan(20);
  });

  it('of an idle VM are sent again every 30 s, so that a lost message does no lasting harm', () => {
    const scene = new Scene();
    const vms = [scene.holding([service(equalReplicas(1))], 1e9), scene.vm()] as const;
    scene.pass(60_000, ...vms);
    vms[1].calls.length = 0;
    scene.pass(60_000, ...vms);
    expect(messages(vms[1])).toHaveLength(2);
    expect(messages(vms[1])).toMatchObject([{ called: [], complete: true }, { complete: true }]);
  });

  it('are sent again at once when their message failed', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(1))], 1e9);
    finish(vm, send(vm));
    scene.pass(POST_MS, vm);
    const lost = poll(vm);
    expect(messageOf(lost).called).toHaveLength(1);
    vm.calls.splice(0, vm.calls.length - 1);
    vm.answer(lost, 503);
    scene.pass(POST_MS, vm);
    expect(statistics(vm)?.called).toHaveLength(1);
  });

  it('keep a removed replica for a while, and one with a request under way until that ends', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(1))], 1e9);
    const stream = send(vm);
    scene.publish(vm, [], { validForMs: 1e9 });
    scene.pass(60_000, vm);
    expect(statistics(vm)?.called).toMatchObject([{ replica: 'echo-0', inFlight: 1 }]);
    vm.end(stream);
    scene.pass(32_000, vm);
    vm.calls.splice(0);
    scene.pass(30_000 + POST_MS, vm);
    expect(statistics(vm)?.called).toEqual([]);
  });
});

it('more statistics than fit into a message go on in the next one', () => {
  const scene = new Scene();
  const replicas = Array.from({ length: 4000 }, (_, i) => ({
    name: `echo-${i}`.padEnd(253, 'x'),
    address: `10.0.0.1:${i + 1}`,
    weight: 1 / 4000,
  }));
  const vm = scene.holding([service(replicas, { pinning: true })], 1e9);
  for (const { name } of replicas) finish(vm, send(vm, { 'x-lb-endpt': name }));
  vm.calls.length = 0;
  const seen = new Set<string>();
  for (let i = 0; i < 4; i++) {
    finish(vm, send(vm));
    scene.pass(POST_MS, vm);
    for (const { called, complete } of messages(vm)) {
      expect(complete).toBe(false);
      for (const record of called) seen.add(record.replica);
    }
    vm.calls.length = 0;
  }
  expect(seen.size).toBe(4000);
});
