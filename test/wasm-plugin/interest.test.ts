/** A proxy holds the services that it calls: how it learns of them, how it forgets them, and how many there may be. */
import { describe, expect, it } from 'vitest';
import { encodeBlock } from '../../contract/sync-answer.ts';
import type { PluginVm } from './support/host.ts';
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
  replica,
  Scene,
  send,
  service,
} from './support/scene.ts';

const OTHER = 'outbound|80||other.shop.svc.cluster.local';
const OTHER_KEY = '80|other.shop.svc.cluster.local';
const HOUR = 3_600_000;

function wanted(vm: PluginVm): string[] {
  return messageOf(poll(vm))
    .services.filter((each) => each.wanted)
    .map(({ key }) => key)
    .toSorted();
}

function holderOf(vms: readonly PluginVm[]): PluginVm {
  const holder = vms.find((vm) => messages(vm).some(({ holdMs }) => holdMs > 0));
  if (!holder) throw new Error('no VM asks');
  return holder;
}

describe('the first request to a service', () => {
  for (const workers of [1, 3]) {
    it(`is left to Istio; the agent is asked within 0.3 s, by any of ${workers} workers`, () => {
      const scene = new Scene();
      const vms = Array.from({ length: workers }, () => scene.vm());
      scene.pass(5000, ...vms);
      const holder = holderOf(vms);
      for (const vm of vms.toReversed()) {
        scene.pass(1000, ...vms);
        const host = `service-${vms.indexOf(vm)}.shop.svc.cluster.local`;
        expect(chosen(send(vm, {}, `outbound|80||${host}`))).toBeUndefined();
        scene.pass(300, ...vms);
        expect(wanted(holder)).toContain(`80|${host}`);
        scene.publish(
          holder,
          wanted(holder).map((key) => service([replica('echo-1', 1)], { key })),
        );
        scene.pass(100, ...vms);
        for (const each of vms) expect(chosen(send(each, {}, `outbound|80||${host}`))).toBe('echo-1');
      }
      for (const vm of vms) expect(vm.metrics.get('ballast_fallbacks_without_table_total') ?? 0).toBe(0);
    });
  }

  it('asks at once, but for many new services not more often than each 0.2 s', () => {
    const scene = new Scene();
    const vm = scene.holding([]);
    vm.calls.length = 0;
    for (let i = 0; i < 20; i++) {
      send(vm, {}, `outbound|80||service-${i}.shop.svc.cluster.local`);
      scene.pass(100, vm);
    }
    scene.pass(200, vm);
    expect(messages(vm).length).toBeLessThanOrEqual(12);
    expect(wanted(vm)).toHaveLength(20);
  });

  it('through a subset counts as well, and through what is no service of the mesh does not', () => {
    const scene = new Scene();
    const vm = scene.holding([]);
    for (const cluster of [`outbound|80|canary|${HOST}`, 'PassthroughCluster', 'outbound|80', 'inbound|80||']) {
      send(vm, {}, cluster);
    }
    scene.pass(300, vm);
    expect(wanted(vm)).toEqual([KEY]);
  });
});

describe('a service that no policy balances', () => {
  it('is known as such by its block, and becomes balanced when its block changes', () => {
    const scene = new Scene();
    const vm = scene.holding([]);
    send(vm);
    scene.pass(300, vm);
    scene.publish(vm, []);
    expect(messageOf(poll(vm)).services).toMatchObject([{ key: KEY, version: 2, wanted: true }]);
    expect(chosen(send(vm))).toBeUndefined();
    scene.publish(vm, [service(equalReplicas(2))]);
    expect(chosen(send(vm))).toBeDefined();
    scene.publish(vm, []);
    expect(chosen(send(vm))).toBeUndefined();
    expect(messageOf(poll(vm)).services).toMatchObject([{ key: KEY, version: 4, wanted: true }]);
  });
});

describe('interest', () => {
  /** Answers each held message with nothing new until `ms` have passed; `each` runs every four seconds. */
  function idle(scene: Scene, ms: number, vms: readonly PluginVm[], each: () => void = () => undefined): void {
    for (const end = scene.now + ms; scene.now < end;) {
      each();
      scene.now += 4000;
      for (const vm of vms) {
        const held = vm.calls.findLast((call) => messageOf(call).holdMs > 0);
        if (held) vm.answer(held, 200, answerOf([]));
        vm.calls.splice(0, vm.calls.length - 1);
      }
      for (const vm of vms) vm.tick();
    }
  }

  it('ends an hour after the last request: the proxy no longer holds the service', () => {
    const scene = new Scene();
    const vm = scene.vm();
    vm.tick();
    send(vm);
    send(vm, {}, OTHER);
    scene.pass(300, vm);
    scene.publish(vm, [service(equalReplicas(2)), service(equalReplicas(2), { key: OTHER_KEY })]);
    idle(scene, HOUR - 20_000, [vm], () => void finish(vm, send(vm, {}, OTHER)));
    expect(wanted(vm)).toEqual([KEY, OTHER_KEY].toSorted());
    idle(scene, 40_000, [vm], () => void finish(vm, send(vm, {}, OTHER)));
    expect(wanted(vm)).toEqual([OTHER_KEY]);
    expect(vm.metrics.get('ballast_services_held')).toBe(1);
    // Its next request is a first one again.
    expect(chosen(send(vm))).toBeUndefined();
    scene.pass(300, vm);
    expect(wanted(vm)).toEqual([KEY, OTHER_KEY].toSorted());
  });

  it('is that of all workers: a call of any of them keeps it', () => {
    const scene = new Scene();
    const vms = [scene.vm(), scene.vm()] as const;
    scene.pass(300, ...vms);
    const holder = holderOf(vms);
    const other = vms.find((vm) => vm !== holder) ?? holder;
    send(other);
    scene.pass(300, ...vms);
    scene.publish(holder, [service(equalReplicas(2))]);
    idle(scene, 2 * HOUR, vms, () => void finish(other, send(other)));
    expect(wanted(holder)).toEqual([KEY]);
    expect(chosen(send(holder))).toBeDefined();
  });

  it('lasts as long as the configuration says', () => {
    const scene = new Scene();
    const vm = scene.vm({ configuration: '{"interestSeconds": 86400}' });
    vm.tick();
    send(vm);
    scene.pass(300, vm);
    scene.publish(vm, [service(equalReplicas(2))]);
    idle(scene, 86_400_000 - 20_000, [vm]);
    expect(wanted(vm)).toEqual([KEY]);
    idle(scene, 40_000, [vm]);
    expect(wanted(vm)).toEqual([]);
  });

  for (const configuration of ['{"interestSeconds": 0}', '{"interestSeconds": "x"}', '{"interestSeconds": -5}']) {
    it(`lasts an hour with configuration ${configuration}`, () => {
      const scene = new Scene();
      const vm = scene.vm({ configuration });
      vm.tick();
      send(vm);
      idle(scene, HOUR - 20_000, [vm]);
      expect(wanted(vm)).toEqual([KEY]);
    });
  }

  it('survives the VM with the lease', () => {
    const scene = new Scene();
    const vms = [scene.vm(), scene.vm()];
    scene.pass(300, ...vms);
    const holder = holderOf(vms);
    const other = vms.find((vm) => vm !== holder) ?? holder;
    send(other);
    send(holder, {}, OTHER);
    scene.pass(300, ...vms);
    scene.pass(1500, other);
    expect(wanted(other)).toEqual([KEY, OTHER_KEY].toSorted());
  });

  it('of a restarted proxy comes back with remembered blocks, for ten minutes without a request', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2)), service(equalReplicas(2), { key: OTHER_KEY })]);
    expect(chosen(send(vm))).toBeDefined();
    idle(scene, 590_000, [vm]);
    expect(wanted(vm)).toEqual([KEY, OTHER_KEY].toSorted());
    idle(scene, 20_000, [vm]);
    expect(wanted(vm)).toEqual([KEY]);
  });

  it('says how long ago the service was called', () => {
    const scene = new Scene();
    const vm = scene.vm();
    vm.tick();
    send(vm);
    idle(scene, 120_000, [vm]);
    expect(messageOf(poll(vm)).services[0]?.idleSeconds).toBeGreaterThanOrEqual(118);
  });
});

describe('more services than fit', () => {
  it('replace those without replicas that were called the longest ago', () => {
    const scene = new Scene();
    const vm = scene.holding([]);
    for (let i = 0; i < 700; i++) {
      scene.now += 1;
      send(vm, {}, `outbound|${i + 1}||${HOST}`);
    }
    scene.pass(300, vm);
    const { services } = messageOf(poll(vm));
    expect(services).toHaveLength(512);
    expect(services.map(({ key }) => key)).toContain(`700|${HOST}`);
    expect(services.map(({ key }) => key)).not.toContain(`1|${HOST}`);
  });

  it('are left to Istio while all others have replicas', () => {
    const scene = new Scene();
    const services = Array.from({ length: 512 }, (_, i) => service(equalReplicas(1), { key: `${i + 1}|${HOST}` }));
    const vm = scene.holding(services);
    for (let i = 0; i < 20; i++) expect(chosen(send(vm, {}, `outbound|${1000 + i}||${HOST}`))).toBeUndefined();
    scene.pass(300, vm);
    expect(messageOf(poll(vm)).services).toHaveLength(512);
    for (const { key } of services) {
      expect(chosen(send(vm, {}, `outbound|${key.replace('|', '||')}`))).toBe('echo-0');
    }
  });
});

it('an answer may bring blocks that the proxy does not want: it does not hold them', () => {
  const scene = new Scene();
  const vm = scene.holding([]);
  send(vm);
  scene.pass(300, vm);
  const blocks = [KEY, OTHER_KEY].map((key) => encodeBlock(key, 5, service(equalReplicas(2), { key })));
  vm.answer(poll(vm), 200, answerOf(blocks));
  expect(chosen(send(vm))).toBeDefined();
  expect(chosen(send(vm, {}, OTHER))).toBeUndefined();
});
