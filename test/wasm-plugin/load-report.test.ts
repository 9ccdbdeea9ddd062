/** A sidecar's reports of its replica's load: in the load header and, where configured, as an ORCA report. */
import { describe, expect, it } from 'vitest';
import { wireUtilisation } from '../../contract/sync-answer.ts';
import type { PluginVm } from './support/host.ts';
import type { Stream } from './support/module-interface.ts';
import { finish, replica, Scene, send, service } from './support/scene.ts';

const ORCA = 'endpoint-load-metrics';
const nodeId = 'sidecar~10.0.0.1~echo-0.shop~shop.svc.cluster.local';

function serve(vm: PluginVm): Stream {
  return vm.request({ 'x-lb-endpt': 'echo-0' }, { 'xds.cluster_name': 'inbound|8080||' });
}

/** Answers a new request at once; the response as its caller's proxy gets it. */
function answer(vm: PluginVm): Map<string, string> {
  const stream = serve(vm);
  finish(vm, stream);
  return stream.response;
}

/** The agent's answer has the CPU utilisation of the pod; undefined: unknown. */
function publish(scene: Scene, vm: PluginVm, utilisation: number | undefined, validForMs = 60_000): void {
  scene.now += 1000;
  scene.publish(vm, [], { cpuUtilisation: wireUtilisation(utilisation), validForMs });
}

describe('the load', () => {
  it('is the sum over all workers as of their last ticks', () => {
    const scene = new Scene();
    const vms = [scene.vm({ nodeId }), scene.vm({ nodeId }), scene.vm({ nodeId })] as const;
    const [first, second, third] = vms;
    for (const vm of [second, second, third]) serve(vm);
    scene.pass(200, ...vms);
    expect(answer(first).get('x-lb-load')).toBe('3;0;;10.0.0.1');
    serve(first);
    scene.pass(200, ...vms);
    expect(answer(third).get('x-lb-load')).toMatch(/^4;/);
  });

  it('forgets workers that no longer exist', () => {
    const scene = new Scene();
    const [first, second] = [scene.vm({ nodeId }), scene.vm({ nodeId })];
    serve(second);
    answer(first);
    scene.pass(200, first, second);
    expect(answer(first).get('x-lb-load')).toMatch(/^1;/);
    scene.pass(2000, first);
    expect(answer(first).get('x-lb-load')).toMatch(/^0;/);
  });

  it("has the replica's CPU utilisation in thousandths, once an answer of the agent has it", () => {
    const scene = new Scene();
    const vm = scene.vm({ nodeId });
    vm.tick();
    expect(answer(vm).get('x-lb-load')).toBe('0;0;;10.0.0.1');
    publish(scene, vm, 0.4321);
    expect(answer(vm).get('x-lb-load')).toBe('0;0;432;10.0.0.1');
    publish(scene, vm, 0);
    expect(answer(vm).get('x-lb-load')).toBe('0;0;0;10.0.0.1');
    publish(scene, vm, undefined);
    expect(answer(vm).get('x-lb-load')).toBe('0;0;;10.0.0.1');
  });

  it('ends with the address of the replica where the answer is plain, and only there', () => {
    const vm = new Scene().vm({ nodeId });
    const loadOf = (headers: Record<string, string>, flags = 0): string | undefined => {
      const stream = serve(vm);
      finish(vm, stream, headers, flags);
      return stream.response.get('x-lb-load');
    };
    expect(loadOf({})).toBe('0;0;;10.0.0.1');
    expect(loadOf({ ':status': '404' })).toBe('0;0;;10.0.0.1');
    for (const headers of [{ ':status': '500' }, { ':status': '101' }]) expect(loadOf(headers)).toBe('0;0;;');
    const grpc = serve(vm);
    vm.respond(grpc, { ':status': '200', 'grpc-status': '14' }, { 'response.flags': 0 }, true);
    expect(grpc.response.get('x-lb-load')).toBe('0;0;;');
  });

  it.each(['test', 'sidecar~10.0.0.1~echo-0.shop', `sidecar~${'1'.repeat(65)}~echo-0.shop~x`])(
    'has no address with node id %s',
    (id) => expect(answer(new Scene().vm({ nodeId: id })).get('x-lb-load')).toBe('0;0;;'),
  );

  it('is read by callers with or without the CPU', () => {
    const scene = new Scene();
    const vm = scene.holding([service([replica('echo-0', 1), replica('echo-1', 1)])]);
    for (const load of ['0;100', '0;100;250', '0;100;;10.0.0.1', '0;100;250;10.0.0.2', '0;100;250;10.0.0.1;new']) {
      const stream = send(vm);
      finish(vm, stream, { 'x-lb-load': load });
      expect([...stream.response.keys()]).toEqual([':status']);
    }
  });
});

describe('the ORCA report', () => {
  it('is sent to every caller if the configuration asks for it, in place of one from the application', () => {
    const scene = new Scene();
    const vm = scene.vm({ nodeId, configuration: '{"note": {"orca": false}, "orca": true}' });
    vm.tick();
    publish(scene, vm, 0.25);
    const stream = vm.request({}, { 'xds.cluster_name': 'inbound|8080||' });
    scene.pass(100, vm);
    finish(vm, stream, { [ORCA]: 'JSON {"cpu_utilization": 0.01}' });
    expect(stream.response.get(ORCA)).toBe('TEXT rps_fractional=0.500000,eps=0.000000,cpu_utilization=0.250000');
  });

  it.each([
    [0, '0.010000'],
    [0.0004, '0.010000'],
    [0.0104, '0.010400'],
    [3.75, '3.750000'],
  ])(
    'of a replica whose utilisation is %f has %s, since Envoy ignores 0 and divides by the rest',
    (utilisation, written) => {
      const scene = new Scene();
      const vm = scene.vm({ nodeId, configuration: '{"orca": true}' });
      vm.tick();
      publish(scene, vm, utilisation);
      scene.pass(100, vm);
      expect(answer(vm).get(ORCA)).toBe(`TEXT rps_fractional=0.500000,eps=0.000000,cpu_utilization=${written}`);
    },
  );

  it('has the rates of requests and failures over all workers', () => {
    const scene = new Scene();
    const vms = [1, 2].map(() => scene.vm({ nodeId, configuration: '{"orca": true}' }));
    for (let i = 0; i < 200; i++) {
      for (const vm of vms) {
        finish(vm, serve(vm), { ':status': i % 5 === 0 ? '500' : '200' });
        answer(vm);
      }
      scene.pass(100, ...vms);
    }
    for (const vm of vms) {
      const report = answer(vm).get(ORCA) ?? '';
      const [, rate, failures] = /^TEXT rps_fractional=([\d.]+),eps=([\d.]+)$/.exec(report) ?? [];
      expect(Number(rate)).toBeCloseTo(40, 0);
      expect(Math.abs(Number(failures) - 4)).toBeLessThan(0.5);
    }
  });

  it('leaves the CPU out once the table has expired', () => {
    const scene = new Scene();
    const vm = scene.vm({ nodeId, configuration: '{"orca": true}' });
    vm.tick();
    publish(scene, vm, 0.5, 5000);
    scene.pass(100, vm);
    expect(answer(vm).get(ORCA)).toContain('cpu_utilization');
    scene.pass(5000, vm);
    expect(answer(vm).get(ORCA)).not.toContain('cpu_utilization');
  });

  for (const configuration of [
    '{}',
    '{"orca": false}',
    '{"orca": "true"}',
    '{"orca"',
    '{"orca": t',
    '["orca", true]',
  ]) {
    it(`is not sent with configuration ${configuration}, and an application's own is left alone`, () => {
      const scene = new Scene();
      const vm = scene.vm({ nodeId, configuration });
      scene.pass(200, vm);
      expect(answer(vm).has(ORCA)).toBe(false);
      const stream = serve(vm);
      finish(vm, stream, { [ORCA]: 'TEXT cpu_utilization=0.3' });
      expect(stream.response.get(ORCA)).toBe('TEXT cpu_utilization=0.3');
    });
  }

  it('is removed by the caller, balanced or not, while a configuration asks for it', () => {
    const scene = new Scene();
    const vm = scene.holding([service([replica('echo-0', 1)])]);
    const asking = vm.addRoot('{"orca": true}');
    const answers = (): boolean[] =>
      [undefined, 'outbound|80||other.shop.svc.cluster.local'].map((cluster) => {
        const stream = send(vm, {}, cluster);
        finish(vm, stream, { [ORCA]: 'TEXT cpu_utilization=0.3' });
        return stream.response.has(ORCA);
      });
    expect(answers()).toEqual([false, false]);
    vm.deleteContext(asking);
    expect(answers()).toEqual([true, true]);
  });
});
