/** gRPC, upgrades, streams: what counts as a failure, as latency and as in flight on either side. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketBoundSeconds } from '../../contract/latency-buckets.ts';
import type { SyncCalled, SyncServed } from '../../contract/proxy-sync.ts';
import type { PluginVm } from './support/host.ts';
import type { Stream } from './support/module-interface.ts';
import { chosen, equalReplicas, replica, Scene, send, service, statistics, POST_MS } from './support/scene.ts';

interface Side {
  readonly scene: Scene;
  readonly vm: PluginVm;
  begin(): Stream;
  counters(): SyncCalled | SyncServed | undefined;
  /** Time in the latencies of its requests, s. */
  seconds(): number | undefined;
}

function caller(): Side {
  const scene = new Scene();
  const vm = scene.holding([service([replica('echo-0', 1)])]);
  return {
    scene,
    vm,
    begin: () => send(vm),
    counters: () => statistics(vm)?.called[0],
    seconds: () => statistics(vm)?.called[0]?.latencySeconds,
  };
}

function server(): Side {
  const scene = new Scene();
  const vm = scene.vm();
  vm.tick();
  const begin = (): Stream => vm.request({}, { 'xds.cluster_name': 'inbound|8080||' });
  const counters = (): SyncServed | undefined => statistics(vm)?.served;
  const seconds = (): number | undefined =>
    counters()?.latencyBuckets.reduce(
      (sum, count, bucket) => sum + (count > 0 ? bucketBoundSeconds(bucket) * count : 0),
      0,
    );
  return { scene, vm, begin, counters, seconds };
}

const FAILED = [2, 4, 12, 13, 14, 15];

for (const [name, start] of Object.entries({ caller, server })) {
  describe(`the ${name}'s side`, () => {
    it('counts the gRPC statuses that Envoy counts as a 5xx as failures, in trailers', () => {
      for (let code = 0; code <= 16; code++) {
        const { scene, vm, begin, counters } = start();
        const stream = begin();
        vm.respond(stream, { ':status': '200', 'content-type': 'application/grpc' });
        vm.trail(stream, { 'grpc-status': String(code) });
        vm.end(stream);
        scene.pass(POST_MS, vm);
        expect(counters(), `grpc-status ${code}`).toMatchObject({
          requests: 1,
          failures: FAILED.includes(code) ? 1 : 0,
        });
      }
    });

    it('counts the same statuses as failures in a response that has only headers', () => {
      for (let code = 0; code <= 16; code++) {
        const { scene, vm, begin, counters } = start();
        const stream = begin();
        vm.respond(stream, { ':status': '200', 'grpc-status': String(code) }, { 'response.flags': 0 }, true);
        vm.end(stream);
        scene.pass(POST_MS, vm);
        expect(counters(), `grpc-status ${code}`).toMatchObject({
          requests: 1,
          failures: FAILED.includes(code) ? 1 : 0,
        });
      }
    });

    it('never traps on any gRPC status', () => {
      const { scene, vm, begin, counters } = start();
      let failures = 0;
      fc.assert(
        fc.property(
          fc.oneof(fc.string({ maxLength: 40 }), fc.nat().map(String)),
          fc.boolean(),
          (status, inTrailers) => {
            const stream = begin();
            const named = { 'grpc-status': status };
            vm.respond(stream, { ':status': '200', ...(inTrailers ? {} : named) }, {}, !inTrailers);
            if (inTrailers) vm.trail(stream, named);
            vm.end(stream);
            if (FAILED.includes(Number(/^\d{1,15}/.exec(status)?.[0] ?? '0'))) failures++;
          },
        ),
      );
      scene.pass(POST_MS, vm);
      expect(counters()?.failures).toBe(failures);
    });

    it('has a stream in flight until it ends, and its latency is the time to the headers of the answer', () => {
      const { scene, vm, begin, counters, seconds } = start();
      const stream = begin();
      scene.now += 1;
      vm.respond(stream, { ':status': '200' });
      scene.pass(30_000, vm);
      expect(counters()).toMatchObject({ requests: 0, inFlight: 1 });
      vm.end(stream);
      scene.pass(POST_MS, vm);
      expect(counters()).toMatchObject({ requests: 1, failures: 0, inFlight: 0 });
      expect(counters()?.answered).toBe(1);
      expect(seconds()).toBeCloseTo(0.001, 9);
    });

    it.each([
      ['closed the connection of', 0x4000, 0],
      ['reset the stream of', 0x10000000, 0],
      ['waited in vain for', 0x10, 1],
    ])('a client that %s a request: response flags %i make %i failures', (_, flags, failures) => {
      const { scene, vm, begin, counters, seconds } = start();
      const stream = begin();
      scene.pass(5000, vm);
      stream.properties = { ...stream.properties, 'response.flags': flags };
      vm.end(stream);
      scene.pass(POST_MS, vm);
      expect(counters()).toMatchObject({ requests: 1, failures, inFlight: 0 });
      expect(counters()?.answered).toBe(0);
      // Callers waited for a replica that they gave up. A failure does not show its speed.
      expect(seconds()).toBeCloseTo(name === 'caller' && failures === 0 ? 5 : 0, 6);
    });

    it('counts an upgrade as answered when it was accepted, and as in flight until the connection ends', () => {
      const { scene, vm, begin, counters, seconds } = start();
      const stream = begin();
      scene.now += 1;
      vm.respond(stream, { ':status': '101', upgrade: 'websocket' });
      scene.pass(600_000, vm);
      expect(counters()).toMatchObject({ inFlight: 1 });
      vm.end(stream);
      scene.pass(POST_MS, vm);
      expect(counters()).toMatchObject({ requests: 1, failures: 0, inFlight: 0 });
      expect(counters()?.answered).toBe(1);
      expect(seconds()).toBeCloseTo(0.001, 9);
    });
  });
}

it('open streams do not make a replica slower', () => {
  const { scene, vm, begin, counters } = server();
  const open = [begin(), begin(), begin()];
  for (const stream of open) vm.respond(stream, { ':status': stream === open[0] ? '101' : '200' });
  for (let i = 0; i < 10; i++) {
    const stream = begin();
    scene.pass(100, vm);
    vm.respond(stream, { ':status': '200' });
    scene.pass(100, vm);
    vm.end(stream);
  }
  scene.pass(POST_MS, vm);
  expect(counters()).toMatchObject({ requests: 10, inFlight: 3 });
  expect(statistics(vm)?.served?.inFlightSeconds).toBeCloseTo(10 * 0.2, 6);
  for (const stream of open) vm.end(stream);
  const unanswered = begin();
  scene.pass(5000, vm);
  vm.end(unanswered);
  scene.pass(POST_MS, vm);
  expect(counters()).toMatchObject({ requests: 14, failures: 1, inFlight: 0 });
  expect(statistics(vm)?.served?.inFlightSeconds).toBeCloseTo(10 * 0.2 + 3 * 1 + 5, 6);
});

it('a replica that fails in trailers gets as few requests as one that answers 500', () => {
  for (const respond of [
    (vm: PluginVm, stream: Stream): void => vm.respond(stream, { ':status': '500' }),
    (vm: PluginVm, stream: Stream): void => {
      vm.respond(stream, { ':status': '200' });
      vm.trail(stream, { 'grpc-status': '13' });
    },
  ]) {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(4))]);
    let bad = 0;
    for (let i = 0; i < 400; i++) {
      const stream = send(vm);
      if (chosen(stream) === 'echo-2') {
        bad++;
        respond(vm, stream);
      } else {
        vm.respond(stream, { ':status': '200' });
      }
      vm.end(stream);
    }
    expect(bad).toBeLessThan(40);
  }
});

it('trailers of a request without a choice change nothing', () => {
  const vm = new Scene().holding([]);
  const stream = send(vm);
  vm.respond(stream, { ':status': '200' });
  vm.trail(stream, { 'grpc-status': '14' });
  vm.end(stream);
});
