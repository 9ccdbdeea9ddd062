/** Calls to the host are most of what the plugin costs a request. These tests count them. */
import { expect, it } from 'vitest';
import { finish, replica, Scene, send, service } from './support/scene.ts';

/** Calls of the plugin to the host during `run`, in order. */
function callsDuring(
  run: (vm: ReturnType<Scene['vm']>) => void,
  services = [service([replica('echo-7', 1)])],
): string[] {
  const calls: string[] = [];
  const scene = new Scene();
  const vm = scene.vm({ onHostCall: (name) => calls.push(name.replace('proxy_', '')) });
  vm.tick();
  scene.publish(vm, services);
  calls.length = 0;
  run(vm);
  return calls;
}

const LOOK_UPS = ['get_property', 'get_header_map_value', 'get_header_map_value'];

it('a request outside the mesh costs one property read and stays as it is', () => {
  for (const cluster of ['PassthroughCluster', 'BlackHoleCluster', 'external']) {
    const headers = { 'x-lb-endpt': 'echo-0', 'x-other': 'one' };
    expect(
      callsDuring((vm) => expect(Object.fromEntries(send(vm, headers, cluster).request)).toMatchObject(headers)),
    ).toEqual(['get_property']);
  }
});

it('a request to a service that is not balanced costs two header reads more, which remove a choice by the client', () => {
  for (const services of [[], [service([replica('echo-7', 1)])]]) {
    expect(callsDuring((vm) => send(vm, {}, 'outbound|80||other.shop.svc.cluster.local'), services)).toEqual(LOOK_UPS);
  }
});

it('its response costs the removal of headers from peers and the session filter, its end nothing', () => {
  const calls = callsDuring((vm) => {
    const stream = send(vm, {}, 'outbound|80||other.shop.svc.cluster.local');
    finish(vm, stream, { 'content-type': 'text/plain' });
  });
  expect(calls.slice(LOOK_UPS.length)).toEqual(['remove_header_map_value', 'get_header_map_value']);
});

it.each([
  ['10.0.0.8:80', '10.0.0.8'],
  ['[fd00::1:8]:8080', 'fd00::1:8'],
])('a balanced request to %s and a plain answer from there cost seven calls', (address, own) => {
  const calls = callsDuring(
    (vm) => {
      const stream = send(vm);
      finish(vm, stream, { 'x-lb-load': `2;1500;;${own}` });
      expect([...stream.response.keys()]).toEqual([':status']);
    },
    [service([replica('echo-7', 1, { address })], { routing: 'Endpoint' })],
  );
  expect(calls).toEqual([
    'get_property',
    'clock_time_get',
    'replace_header_map_value',
    'replace_header_map_value',
    'get_header_map_value',
    'remove_header_map_value',
    'clock_time_get',
  ]);
});

it('all headers of an answer without the address of the replica are read', () => {
  for (const load of ['2;1500;;10.0.0.80', '2;1500;;10.0.0', '2;1500;;', '2;1500', '2;1500;;10.0.0.8;']) {
    const calls = callsDuring((vm) => finish(vm, send(vm), { 'x-lb-load': load }));
    expect(calls).toContain('get_header_map_pairs');
  }
});
