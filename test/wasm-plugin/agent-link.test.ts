/** Fetching the table: one VM for all, by long poll, with patience when the agent is away. */
import { describe, expect, it } from 'vitest';
import { AGENT_CLUSTER } from '../../contract/names.ts';
import { encodeProxyTable } from '../../contract/proxy-table.ts';
import type { PluginVm } from './support/host.ts';
import {
  chosen,
  equalReplicas,
  finish,
  poll,
  POST_MS,
  replica,
  Scene,
  send,
  service,
  statistics,
} from './support/scene.ts';

function polls(vm: PluginVm): number {
  return vm.calls.filter(({ headers }) => headers.get(':path')?.startsWith('/v1/table')).length;
}

describe('the lease', () => {
  it('lets one VM of the process poll, and all use what it gets', () => {
    const scene = new Scene();
    const vms = [scene.vm(), scene.vm(), scene.vm()];
    scene.pass(POST_MS, ...vms);
    const [holder, ...others] = vms.filter((vm) => polls(vm) === 1);
    if (!holder) throw new Error('nobody polls');
    expect(others).toEqual([]);
    scene.publish(holder, [service(equalReplicas(2))]);
    scene.pass(100, ...vms);
    for (const vm of vms) expect(chosen(send(vm))).toMatch(/^echo-/);
  });

  it('is taken over within a second and a tick when its holder is gone', () => {
    const scene = new Scene();
    const first = scene.holding([service(equalReplicas(2))]);
    const second = scene.vm();
    scene.pass(5000, first, second);
    expect(polls(second)).toBe(0);
    scene.pass(1100, second);
    expect(poll(second).headers.get(':path')).toBe('/v1/table?version=1');
  });

  it('is not taken back by a holder that was only slow', () => {
    const scene = new Scene();
    const [first, second] = [scene.vm(), scene.vm()];
    scene.pass(500, first);
    scene.pass(2000, second);
    expect(polls(second)).toBe(1);
    first.answer(poll(first));
    scene.pass(5000, first, second);
    expect(polls(first)).toBe(0);
  });
});

describe('a large table', () => {
  /** A table of nearly two megabytes: its first services are balanced, those beyond the plugin's memory are not. */
  const services = Array.from({ length: 3400 }, (_, number) =>
    service(
      Array.from({ length: 6 }, (_each, index) =>
        replica(`checkout-service-${number}-7d9f8b6c5d-x2k4${index}`, 1 / 6, {
          address: `10.${number >> 8}.${number & 255}.${index}:8080`,
        }),
      ),
      { key: `8080|checkout-service-${number}.production.svc.cluster.local` },
    ),
  );
  const balanced = (vm: PluginVm) =>
    services.filter(({ key }) => chosen(send(vm, {}, `outbound|8080||${key.slice(5)}`)) !== undefined).length;

  it('is taken by the VM that fetches it and by all others', () => {
    const scene = new Scene();
    const vms = [scene.vm(), scene.vm()];
    scene.pass(100, ...vms);
    const holder = vms.find((vm) => polls(vm) === 1);
    if (!holder) throw new Error('nobody polls');
    const table = encodeProxyTable(1, 60_000, services);
    expect(table.length).toBeGreaterThan(1.8 * 2 ** 20);
    holder.answer(poll(holder), 200, table);
    scene.pass(100, ...vms);
    for (const vm of vms) expect(balanced(vm)).toBe(512);
    expect(poll(holder).headers.get(':path')).toBe('/v1/table?version=1');
  });

  it('of more than two megabytes is none', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    vm.answer(poll(vm), 200, new Uint8Array(2 ** 21));
    expect(vm.logs.at(-1)).toContain('2 MB');
    expect(chosen(send(vm))).toMatch(/^echo-/);
  });
});

describe('the poll', () => {
  it("goes to the configured agent's cluster and outlasts the agent's hold of 20 s", () => {
    const scene = new Scene();
    const vm = scene.vm({ configuration: ' {"other": [1, {"agentCluster": "no"}], "agentCluster" : "my-agent" } ' });
    vm.tick();
    expect(poll(vm)).toMatchObject({ cluster: 'my-agent', timeoutMs: 25_000 });
  });

  for (const configuration of [
    '',
    '{',
    '[]',
    '{"agentCluster": 7}',
    '{"agentCluster": "a\\"b"}',
    '{"agentCluster',
    '"x"',
  ]) {
    it(`goes to the usual cluster with configuration ${JSON.stringify(configuration)}`, () => {
      const vm = new Scene().vm({ configuration });
      vm.tick();
      expect(poll(vm).cluster).toBe(AGENT_CLUSTER);
    });
  }

  it('is sent again at once after an answer, naming the version held', () => {
    const scene = new Scene();
    const vm = scene.vm();
    vm.tick();
    expect(poll(vm).headers.get(':path')).toBe('/v1/table?version=0');
    scene.now += 500;
    vm.answer(poll(vm), 200, encodeProxyTable(1_795_000_000_000_001, 60_000, []));
    expect(poll(vm).headers.get(':path')).toBe('/v1/table?version=1795000000000001');
    scene.now += 20_000;
    vm.answer(poll(vm), 304);
    expect(polls(vm)).toBe(1);
  });

  it('asks for everything once its table has run out', () => {
    const scene = new Scene();
    const vm = scene.holding([], 5000);
    scene.now += 20_000;
    vm.answer(poll(vm), 304);
    vm.tick();
    expect(poll(vm).headers.get(':path')).toBe('/v1/table?version=0');
  });

  it('waits 0.1 s, then twice as long each time, up to 2 s, while the agent fails', () => {
    const scene = new Scene();
    const vm = scene.vm();
    vm.tick();
    for (const wait of [100, 200, 400, 800, 1600, 2000, 2000]) {
      vm.answer(poll(vm), wait % 400 === 0 ? 503 : undefined);
      scene.pass(wait - 50, vm);
      expect(polls(vm)).toBe(0);
      scene.pass(50, vm);
      expect(polls(vm)).toBe(1);
    }
    scene.publish(vm, []);
    expect(polls(vm)).toBe(1);
    vm.answer(poll(vm));
    scene.pass(100, vm);
    expect(polls(vm)).toBe(1);
  });

  it('does not race with an agent that answers nothing new at once', () => {
    const scene = new Scene();
    const vm = scene.holding([]);
    vm.answer(poll(vm), 304);
    expect(polls(vm)).toBe(0);
    scene.pass(100, vm);
    expect(polls(vm)).toBe(1);
  });

  it('survives that the cluster does not exist', () => {
    const scene = new Scene();
    const vm = scene.vm({ missingClusters: new Set([AGENT_CLUSTER]) });
    scene.pass(10_000, vm);
    expect(chosen(send(vm))).toBeUndefined();
  });
});

describe('several root contexts in one VM', () => {
  it('do the work once', () => {
    const scene = new Scene();
    const vm = scene.vm();
    const second = vm.addRoot('{"agentCluster": "other"}');
    for (let i = 0; i < 10; i++) {
      scene.now += 100;
      vm.tick(1);
      vm.tick(second);
    }
    expect(vm.calls.map(({ cluster }) => cluster)).toEqual([AGENT_CLUSTER]);
  });

  it('may come and go under load: streams go on, another root takes over', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    const stream = send(vm);
    const second = vm.addRoot('{"agentCluster": "other"}');
    vm.deleteContext(1);
    vm.calls.length = 0;
    scene.now += 100;
    vm.tick(second);
    expect(poll(vm).cluster).toBe('other');
    expect(chosen(send(vm))).toBeDefined();
    vm.respond(stream, { ':status': '200' });
    vm.end(stream);
  });

  it('do not make it another VM: its counters go on under the same name', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    finish(vm, send(vm));
    scene.pass(POST_MS, vm);
    const before = statistics(vm)?.instance;
    vm.deleteContext(1);
    const changed = vm.addRoot('{"orca": true}');
    finish(vm, send(vm));
    for (let i = 0; i < 30; i++) {
      scene.now += 100;
      vm.tick(changed);
    }
    expect(statistics(vm)).toMatchObject({ instance: before, sequence: 2 });
  });

  it('may be more than the VM keeps track of', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    const roots = Array.from({ length: 40 }, () => vm.addRoot('{}'));
    for (const root of roots) vm.tick(root);
    for (const root of roots) vm.deleteContext(root);
    expect(chosen(send(vm))).toBeDefined();
  });
});
