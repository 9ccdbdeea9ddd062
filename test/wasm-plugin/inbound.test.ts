/** The replica's own side. */
import { describe, expect, it } from 'vitest';
import type { PluginVm } from './support/host.ts';
import type { Stream } from './support/module-interface.ts';
import { Scene, session, statistics } from './support/scene.ts';

const CONNECT_FAILURE = 0x20;
const CONNECTION_TERMINATION = 0x40;
const stamped = { 'x-lb-endpt': 'echo-0', 'x-lb-session': session('10.0.0.1:80') };

function serve(vm: PluginVm, headers: Record<string, string> = stamped): Stream {
  return vm.request({ ':path': '/', ...headers }, { 'xds.cluster_name': 'inbound|8080||' });
}

describe('the inbound side', () => {
  it('removes the choice before the application sees the request', () => {
    expect([...serve(new Scene().vm()).request.keys()]).toEqual([':path']);
  });

  it('reports the other requests in flight and the smoothed latency, in microseconds, to callers with the plugin', () => {
    const scene = new Scene();
    const vm = scene.vm();
    const streams = [serve(vm), serve(vm), serve(vm)] as const;
    scene.now += 20;
    vm.respond(streams[0], { ':status': '200' });
    expect(streams[0].response.get('x-lb-load')).toBe('2;0;;10.0.0.1');
    vm.end(streams[0]);
    vm.respond(streams[1], { ':status': '200' });
    expect(streams[1].response.get('x-lb-load')).toBe('1;20000;;10.0.0.1');
  });

  it('reports to no other caller, and removes the same headers from the application', () => {
    const vm = new Scene().vm();
    const outside = serve(vm, {});
    const forged = { 'x-lb-load': '0;1', 'x-lb-unreached': '1', 'x-lb-session': 'AAAA' };
    vm.respond(outside, { ':status': '200', ...forged });
    expect([...outside.response.keys()]).toEqual([':status']);
    const inside = serve(vm);
    vm.respond(inside, { ':status': '503', ...forged }, { 'response.flags': 0 });
    expect(inside.response.get('x-lb-unreached')).toBeUndefined();
    expect(inside.response.get('x-lb-load')).toBe('1;0;;');
  });

  it('marks answers of requests that the application never saw, so that the caller can retry', () => {
    const vm = new Scene().vm();
    for (const headers of [stamped, {}]) {
      const stream = serve(vm, headers);
      vm.respond(stream, { ':status': '503' }, { 'response.flags': CONNECT_FAILURE });
      expect(Object.fromEntries(stream.response)).toEqual({
        ':status': '503',
        'x-lb-unreached': '1',
        'grpc-status': '14',
      });
    }
  });

  it('does not mark answers of requests that the application may have seen', () => {
    const vm = new Scene().vm();
    for (const flags of [0, CONNECTION_TERMINATION]) {
      const stream = serve(vm);
      vm.respond(stream, { ':status': '503' }, { 'response.flags': flags });
      expect(stream.response.has('x-lb-unreached')).toBe(false);
      expect(stream.response.has('grpc-status')).toBe(false);
    }
  });

  it('also marks local replies to gRPC, whose status is 200', () => {
    const vm = new Scene().vm();
    const stream = serve(vm);
    vm.respond(stream, { ':status': '200', 'grpc-status': '14' }, { 'response.flags': CONNECT_FAILURE }, true);
    expect(stream.response.get('x-lb-unreached')).toBe('1');
  });

  it('counts what it serves, including resets', () => {
    const scene = new Scene();
    const vm = scene.vm();
    const [good, failing, reset, open] = [serve(vm), serve(vm), serve(vm), serve(vm, {})];
    scene.now += 10;
    vm.respond(good, { ':status': '200' });
    vm.end(good);
    vm.respond(failing, { ':status': '500' });
    vm.end(failing);
    vm.end(reset);
    scene.now += 1000;
    vm.tick();
    const served = statistics(vm)?.served;
    expect(served).toMatchObject({ requests: 3, failures: 2, inFlight: 1 });
    expect(served?.inFlightSeconds).toBeCloseTo(4 * 0.01 + 1, 6);
    expect(served?.latencyBuckets.reduce((sum, count) => sum + count, 0)).toBe(1);
    vm.end(open);
  });
});
