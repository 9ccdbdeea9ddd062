/** Which headers the plugin sets on a request, and which it removes. */
import { describe, expect, it } from 'vitest';
import {
  CLUSTER,
  chosen,
  equalReplicas,
  finish,
  HOST,
  replica,
  Scene,
  send,
  service,
  session,
  statistics,
  POST_MS,
} from './support/scene.ts';

const spoofed = { 'x-lb-endpt': 'echo-0', 'x-lb-session': session('10.0.0.1:80') };

describe('a request of a balanced service', () => {
  it('gets the replica name in Subset routing, and no session', () => {
    const vm = new Scene().holding([service([replica('echo-7', 1)])]);
    const { request } = send(vm, spoofed);
    expect(Object.fromEntries(request)).toEqual({ ':authority': HOST, 'x-lb-endpt': 'echo-7' });
  });

  it('gets name and session in Endpoint routing', () => {
    const vm = new Scene().holding([service([replica('echo-7', 1)], { routing: 'Endpoint' })]);
    const { request } = send(vm, spoofed);
    expect(Object.fromEntries(request)).toEqual({
      ':authority': HOST,
      'x-lb-endpt': 'echo-7',
      'x-lb-session': session('10.0.0.8:80'),
    });
  });

  it('is found by the route, whatever :authority has', () => {
    const vm = new Scene().holding([service([replica('echo-7', 1)])]);
    expect(chosen(send(vm, { ':authority': 'other.example' }))).toBe('echo-7');
    expect(chosen(send(vm, {}, 'outbound|80||other.shop.svc.cluster.local'))).toBeUndefined();
  });

  it('gets a new choice when the client named a replica and so its subset', () => {
    const vm = new Scene().holding([service([replica('echo-0', 0), replica('echo-7', 1)])]);
    expect(chosen(send(vm, spoofed, `outbound|80|echo-0|${HOST}`))).toBe('echo-7');
  });

  it("is left to Istio in a subset of a user's route", () => {
    const vm = new Scene().holding([service([replica('echo-7', 1)])]);
    expect(chosen(send(vm, spoofed, `outbound|80|canary|${HOST}`))).toBeUndefined();
  });
});

describe('a header of a client that chooses a replica', () => {
  const clusters = [
    ['no table yet', CLUSTER],
    ['no balanced service', 'outbound|81||other.shop.svc.cluster.local'],
    ['a cluster name that is cut short', 'outbound|80'],
    ['a cluster name without a host', 'outbound|80||'],
  ] as const;
  for (const [what, cluster] of clusters) {
    it(`is removed: ${what}`, () => {
      const scene = new Scene();
      const vm = what === 'no table yet' ? scene.vm() : scene.holding([service(equalReplicas(2))]);
      const { request } = send(vm, spoofed, cluster);
      expect([...request.keys()]).toEqual([':authority']);
    });
  }

  it('is removed where no route was found', () => {
    const vm = new Scene().holding([service(equalReplicas(2))]);
    expect([...vm.request({ ...spoofed }, {}).request.keys()]).toEqual([]);
  });

  it('is removed, and the fallback counted, once the table has run out in any worker', () => {
    const scene = new Scene();
    const first = scene.holding([service(equalReplicas(2))], 5000);
    const second = scene.vm();
    scene.now += 4000;
    second.tick();
    expect(chosen(send(second))).toBeDefined();
    scene.now += POST_MS;
    for (const vm of [first, second]) {
      expect([...send(vm, spoofed).request.keys()]).toEqual([':authority']);
      vm.tick();
      expect(statistics(vm)).toMatchObject({ fallbacks: 1, hasTable: false });
    }
  });

  it('is removed for a service that the newest table no longer has', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    scene.publish(vm, []);
    expect([...send(vm, spoofed).request.keys()]).toEqual([':authority']);
  });
});

describe('pinning', () => {
  const replicas = [replica('echo-0', 0), replica('echo-7', 1)];

  it('is honoured for a listed replica where the policy allows it', () => {
    const vm = new Scene().holding([service(replicas, { pinning: true, routing: 'Endpoint' })]);
    const { request } = send(vm, { 'x-lb-endpt': 'echo-0', 'x-lb-session': session('10.0.0.8:80') });
    expect(request.get('x-lb-endpt')).toBe('echo-0');
    expect(request.get('x-lb-session')).toBe(session('10.0.0.1:80'));
  });

  it('is ignored for a replica that is not listed, or no longer listed', () => {
    const scene = new Scene();
    const vm = scene.holding([service(replicas, { pinning: true })]);
    expect(chosen(send(vm, { 'x-lb-endpt': 'echo-5' }))).toBe('echo-7');
    scene.publish(vm, [service([replica('echo-7', 1)], { pinning: true })]);
    expect(chosen(send(vm, { 'x-lb-endpt': 'echo-0' }))).toBe('echo-7');
  });
});

describe('a response', () => {
  it('reaches the application without the headers between proxies', () => {
    const vm = new Scene().holding([service([replica('echo-7', 1)], { routing: 'Endpoint' })]);
    const stream = send(vm);
    finish(vm, stream, {
      'x-lb-load': '3;1200',
      'x-lb-session': session('10.0.0.8:80'),
      'content-type': 'text/plain',
    });
    expect(Object.fromEntries(stream.response)).toEqual({ ':status': '200', 'content-type': 'text/plain' });
  });

  it('of a service that is not balanced loses what the session filter and a sidecar add', () => {
    const vm = new Scene().holding([]);
    const stream = send(vm);
    const added = { 'x-lb-session': session('10.0.0.8:80'), 'x-lb-unreached': '1', 'grpc-status': '14' };
    finish(vm, stream, { ':status': '503', ...added });
    expect([...stream.response.keys()]).toEqual([':status']);
  });

  it('loses a gRPC status that only asked for a retry, and keeps its own', () => {
    const vm = new Scene().holding([service([replica('echo-7', 1)], { routing: 'Endpoint' })]);
    const plain = send(vm);
    finish(vm, plain, { ':status': '503', 'x-lb-unreached': '1', 'grpc-status': '14' });
    expect([...plain.response.keys()]).toEqual([':status']);
    const other = new Scene().holding([service([replica('echo-7', 1)], { routing: 'Endpoint' })]);
    const grpc = send(other);
    other.respond(grpc, { ':status': '200', 'x-lb-unreached': '1', 'grpc-status': '14' }, {}, true);
    expect([...grpc.response.keys()]).toEqual([':status', 'grpc-status']);
  });
});
