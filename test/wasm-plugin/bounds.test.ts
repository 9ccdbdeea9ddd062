/** Static memory is bounded: what lies beyond is left to Istio, and nothing grows or traps. */
import { describe, expect, it } from 'vitest';
import {
  chosen,
  CLUSTER,
  equalReplicas,
  finish,
  HOST,
  replica,
  Scene,
  send,
  service,
  statistics,
  POST_MS,
} from './support/scene.ts';

function manyReplicas(count: number, prefix: string): ReturnType<typeof replica>[] {
  return Array.from({ length: count }, (_, i) =>
    replica(`${prefix}-${i}`, 1 / count, { address: `10.0.0.1:${i + 1}` }),
  );
}

describe('beyond the bounds', () => {
  it('a service that does not fit is left alone as a whole, the others are balanced', () => {
    const scene = new Scene();
    const vm = scene.holding([
      service(manyReplicas(3000, 'small')),
      service(manyReplicas(3000, 'big'), { key: `81|${HOST}` }),
      service(equalReplicas(2), { key: `82|${HOST}` }),
    ]);
    const balanced = [80, 81, 82].map((port) => chosen(send(vm, {}, `outbound|${port}||${HOST}`)) !== undefined);
    // One of the two large ones, whichever comes first in the table, and the small one in any case.
    expect(balanced.slice(0, 2).toSorted()).toEqual([false, true]);
    expect(balanced[2]).toBe(true);
    scene.pass(100, vm);
    expect(vm.metrics.get('ballast_services_over_limit')).toBe(1);
    expect(vm.metrics.get('ballast_replicas_over_limit')).toBe(3000);
    const memory = vm.memoryBytes;
    for (let i = 0; i < 20; i++) {
      scene.pass(5000, vm);
      scene.publish(vm, [service(manyReplicas(3000, `round${i % 2}`))]);
    }
    expect(vm.memoryBytes).toBe(memory);
  });

  it('room is found again once removed replicas are forgotten', () => {
    const scene = new Scene();
    const vm = scene.holding([service(manyReplicas(4000, 'old'))]);
    scene.publish(vm, [service(manyReplicas(4000, 'new'))]);
    expect(chosen(send(vm))).toBeUndefined();
    // Without another answer: the service is taken over as soon as it fits.
    scene.pass(32_000, vm);
    expect(chosen(send(vm))).toMatch(/^new-/);
  });

  it('more services than are kept: some are balanced, the others are left to Istio', () => {
    const services = Array.from({ length: 700 }, (_, i) => service(equalReplicas(1), { key: `${i + 1}|${HOST}` }));
    const scene = new Scene();
    const vm = scene.holding(services);
    const balanced = services.filter(({ key }) => {
      const [port] = key.split('|');
      return chosen(send(vm, {}, `outbound|${port}||${HOST}`)) !== undefined;
    });
    expect(balanced).toHaveLength(512);
    scene.pass(100, vm);
    expect(vm.metrics.get('ballast_services_held')).toBe(512);
  });

  it('names that are too long: the service is left alone', () => {
    const scene = new Scene();
    const vm = scene.holding([
      service([replica('a'.repeat(254), 1, { address: '10.0.0.1:80' }), replica('echo-0', 1)]),
      service([replica('echo-0', 1)], { key: `80|${'h'.repeat(300)}` }),
    ]);
    expect(chosen(send(vm))).toBeUndefined();
    expect(chosen(send(vm, {}, `outbound|80||${'h'.repeat(300)}`))).toBeUndefined();
    scene.pass(100, vm);
    // A key that is too long is none that a request could name: the plugin does not ask for it.
    expect(vm.metrics.get('ballast_services_over_limit')).toBe(1);
    expect(vm.metrics.get('ballast_replicas_over_limit')).toBe(2);
  });

  it('more streams than are tracked: fallbacks, and all is well after', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))], 1e9);
    const memory = vm.memoryBytes;
    const streams = Array.from({ length: 16_500 }, () => send(vm));
    expect(streams.filter((stream) => chosen(stream) === undefined)).toHaveLength(116);
    for (const stream of streams) finish(vm, stream);
    expect(chosen(send(vm))).toBeDefined();
    scene.pass(POST_MS, vm);
    const counters = statistics(vm);
    expect(counters?.fallbacks).toBe(116);
    expect(vm.metrics.get('ballast_fallbacks_over_stream_limit_total')).toBe(116);
    expect(counters?.called.map(({ inFlight }) => inFlight).reduce((a, b) => a + b, 0)).toBe(1);
    expect(vm.memoryBytes).toBe(memory);
  });

  it('a header of any size from the client', () => {
    const vm = new Scene().holding([service(equalReplicas(2), { pinning: true })]);
    for (const size of [0, 1, 60_000, 3_000_000]) {
      const stream = send(vm, { 'x-lb-endpt': 'x'.repeat(size), 'x-lb-session': 'y'.repeat(size) });
      expect(chosen(stream)).toMatch(/^echo-/);
      expect(stream.request.has('x-lb-session')).toBe(false);
    }
  });

  it('any load that a response may claim', () => {
    const vm = new Scene().holding([service(equalReplicas(2))]);
    for (const load of ['', ';', '1', 'x', '-1;5', '99999999999999999999;99999999999999999999', '1;', ';1', '٣;٤']) {
      const stream = vm.request({}, { 'xds.cluster_name': CLUSTER });
      vm.respond(stream, { ':status': '200', 'x-lb-load': load });
      vm.end(stream);
      expect(chosen(send(vm))).toMatch(/^echo-/);
    }
  });
});
