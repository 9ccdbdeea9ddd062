/** The link to the agent: one VM works for the process, its message is held, and it backs off while the agent is away. */
import { describe, expect, it } from 'vitest';
import { AGENT_CLUSTER } from '../../contract/names.ts';
import { encodeBlock } from '../../contract/sync-answer.ts';
import type { PluginVm } from './support/host.ts';
import {
  answerOf,
  chosen,
  EPOCH,
  equalReplicas,
  finish,
  KEY,
  messageOf,
  messages,
  poll,
  POST_MS,
  replica,
  Scene,
  send,
  service,
  statistics,
} from './support/scene.ts';

/** Messages that ask the agent to hold them. */
function held(vm: PluginVm): number {
  return messages(vm).filter(({ holdMs }) => holdMs > 0).length;
}

describe('the lease', () => {
  it('lets one VM of the process ask the agent, and all VMs use the answer', () => {
    const scene = new Scene();
    const vms = [scene.vm(), scene.vm(), scene.vm()];
    scene.pass(1000, ...vms);
    const [holder, ...others] = vms.filter((vm) => held(vm) === 1);
    if (!holder) throw new Error('no VM asks');
    expect(others).toEqual([]);
    scene.publish(holder, [service(equalReplicas(2))]);
    scene.pass(100, ...vms);
    for (const vm of vms) expect(chosen(send(vm))).toMatch(/^echo-/);
  });

  it('moves to another VM within a second and a tick when its holder is gone', () => {
    const scene = new Scene();
    const first = scene.holding([service(equalReplicas(2))]);
    const second = scene.vm();
    scene.pass(5000, first, second);
    expect(held(second)).toBe(0);
    scene.pass(1100, second);
    const { epoch, services } = messageOf(poll(second));
    expect(epoch).toBe(EPOCH);
    expect(services).toMatchObject([{ key: KEY, version: 1, wanted: true }]);
  });

  it('is not taken back by a holder that was only slow', () => {
    const scene = new Scene();
    const [first, second] = [scene.vm(), scene.vm()];
    scene.pass(500, first);
    scene.pass(2000, second);
    expect(held(second)).toBe(1);
    first.answer(poll(first));
    scene.pass(3000, first, second);
    expect(held(first)).toBe(0);
  });

  it('is needed to use an answer: the VM that has it now asks for itself', () => {
    const scene = new Scene();
    const [first, second] = [scene.vm(), scene.vm()];
    scene.pass(500, first);
    scene.pass(2000, second);
    scene.publish(first, [service(equalReplicas(2))]);
    scene.pass(100, first, second);
    expect(chosen(send(first))).toBeUndefined();
  });
});

describe('a large table', () => {
  it('that fills the memory is taken by the VM that fetches it and by all others', () => {
    const scene = new Scene();
    const vms = [scene.vm(), scene.vm()];
    scene.pass(100, ...vms);
    const holder = vms.find((vm) => held(vm) === 1);
    if (!holder) throw new Error('no VM asks');
    const pad = (text: string, length: number): string => text.padEnd(length, 'x');
    const services = Array.from({ length: 500 }, (_, number) =>
      service(
        Array.from({ length: 8 }, (_each, index) =>
          replica(pad(`checkout-${number}-${index}-`, 250), 1 / 8, {
            address: `[fd00:1234:5678:9abc:def0:1234:${number}:${index}]:8080`,
          }),
        ),
        { key: `8080|${pad(`checkout-${number}-`, 250)}` },
      ),
    );
    scene.publish(holder, services);
    expect(answerOf(services.map((each) => encodeBlock(each.key, 1, each))).length).toBeGreaterThan(1.3 * 2 ** 20);
    scene.pass(100, ...vms);
    for (const vm of vms) {
      const balanced = services.filter(({ key }) => chosen(send(vm, {}, `outbound|8080||${key.slice(5)}`)));
      expect(balanced).toHaveLength(500);
    }
  });

  it('of more than two megabytes is refused, and the table before stays in force', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    vm.answer(poll(vm), 200, new Uint8Array(2 ** 21 + 8));
    expect(vm.logs.at(-1)).toContain('2 MB');
    expect(chosen(send(vm))).toMatch(/^echo-/);
  });
});

describe('the message', () => {
  it("goes to the configured agent's cluster, and its call outlasts the hold", () => {
    const scene = new Scene();
    const vm = scene.vm({ configuration: ' {"other": [1, {"agentCluster": "no"}], "agentCluster" : "my-agent" } ' });
    vm.tick();
    const { holdMs } = messageOf(poll(vm));
    expect(poll(vm)).toMatchObject({ cluster: 'my-agent', timeoutMs: holdMs + 5000 });
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
    it(`goes to the default cluster with configuration ${JSON.stringify(configuration)}`, () => {
      const vm = new Scene().vm({ configuration });
      vm.tick();
      expect(poll(vm).cluster).toBe(AGENT_CLUSTER);
    });
  }

  it('is sent again at once after an answer, with epoch and versions held', () => {
    const scene = new Scene();
    const vm = scene.vm();
    vm.tick();
    expect(messageOf(poll(vm))).toMatchObject({ epoch: 0, hasTable: false, services: [] });
    scene.now += 500;
    scene.publish(vm, [service(equalReplicas(2))]);
    const after = messageOf(poll(vm));
    expect(after).toMatchObject({ epoch: EPOCH, hasTable: true, services: [{ key: KEY, version: 1, wanted: true }] });
    scene.now += 2000;
    vm.answer(poll(vm), 200, answerOf([]));
    expect(held(vm)).toBe(1);
  });

  it('may be held for 2 s while the proxy has requests, and for 5 s while it has none', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    scene.pass(200, vm);
    scene.publish(vm, [service(equalReplicas(2))]);
    expect(messageOf(poll(vm)).holdMs).toBe(5000);
    finish(vm, send(vm));
    scene.pass(100, vm);
    scene.publish(vm, [service(equalReplicas(2))]);
    expect(messageOf(poll(vm)).holdMs).toBe(2000);
  });

  it('is held no longer than half of the time for which the table is valid', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))], 8000);
    expect(messageOf(poll(vm)).holdMs).toBe(4000);
  });

  it('asks for everything once the table has expired', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))], 5000);
    scene.now += 5000;
    vm.answer(poll(vm), 503);
    scene.pass(100, vm);
    expect(messageOf(poll(vm))).toMatchObject({ epoch: 0, hasTable: false, services: [{ key: KEY, version: 0 }] });
  });

  it('waits 0.1 s, then twice as long each time, up to 2 s, while the agent fails', () => {
    const scene = new Scene();
    const vm = scene.vm();
    vm.tick();
    for (const wait of [100, 200, 400, 800, 1600, 2000, 2000]) {
      vm.answer(poll(vm), wait % 400 === 0 ? 503 : undefined);
      scene.pass(wait - 50, vm);
      expect(held(vm)).toBe(0);
      scene.pass(50, vm);
      expect(held(vm)).toBe(1);
    }
    scene.publish(vm, [service(equalReplicas(2))]);
    expect(held(vm)).toBe(1);
    vm.answer(poll(vm));
    scene.pass(100, vm);
    expect(held(vm)).toBe(1);
  });

  it('backs off from an agent of an earlier version, which does not know the path, and uses its table no longer', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))], 10_000);
    for (let i = 0; i < 20; i++) {
      vm.answer(poll(vm), 404);
      scene.pass(2100, vm);
    }
    expect(chosen(send(vm))).toBeUndefined();
    expect(vm.logs).toEqual([]);
    expect(vm.metrics.get('ballast_table_version')).toBe(0);
  });

  it('does not spin when the agent answers at once without news', () => {
    for (const answer of [answerOf([]), answerOf([], { unknown: true })]) {
      const scene = new Scene();
      const vm = scene.holding([service(equalReplicas(2))]);
      vm.answer(poll(vm), 200, answer);
      expect(held(vm)).toBe(0);
      scene.pass(100, vm);
      expect(held(vm)).toBe(1);
    }
  });

  it('survives a cluster that does not exist', () => {
    const scene = new Scene();
    const vm = scene.vm({ missingClusters: new Set([AGENT_CLUSTER]) });
    scene.pass(10_000, vm);
    expect(chosen(send(vm))).toBeUndefined();
  });
});

describe('an answer', () => {
  it('without blocks renews the table for the time that it names', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))], 6000);
    for (let i = 0; i < 5; i++) {
      scene.now += 3000;
      vm.answer(poll(vm), 200, answerOf([], { validForMs: 6000 }));
      expect(chosen(send(vm))).toBeDefined();
    }
    scene.pass(6000, vm);
    expect(chosen(send(vm))).toBeUndefined();
  });

  it('of an agent that knows nothing yet changes nothing: the table goes on until it expires', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))], 6000);
    scene.now += 3000;
    vm.answer(poll(vm), 200, answerOf([], { unknown: true, epoch: 7, validForMs: 0 }));
    expect(messageOf(poll(vm))).toMatchObject({ epoch: EPOCH, hasTable: true });
    expect(chosen(send(vm))).toBeDefined();
    scene.pass(3000, vm);
    expect(chosen(send(vm))).toBeUndefined();
  });

  it('that is valid for no time puts Istio in charge at once, and the next message asks for everything', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    scene.now += 1000;
    vm.answer(poll(vm), 200, answerOf([], { complete: true, validForMs: 0 }));
    expect(chosen(send(vm))).toBeUndefined();
    expect(messageOf(poll(vm))).toMatchObject({ epoch: 0, hasTable: false, services: [{ version: 0 }] });
    scene.pass(100, vm);
    expect(vm.metrics.get('ballast_fallbacks_without_table_total')).toBe(1);
    scene.publish(vm, [service(equalReplicas(2))]);
    expect(chosen(send(vm))).toBeDefined();
  });

  it('to a message that another one has replaced is ignored', () => {
    const scene = new Scene();
    const vm = scene.holding([service([replica('echo-0', 1)])]);
    const replaced = poll(vm);
    scene.pass(1000, vm);
    send(vm, {}, 'outbound|81||other.shop.svc.cluster.local');
    scene.pass(100, vm);
    expect(poll(vm)).not.toBe(replaced);
    vm.answer(replaced, 200, answerOf([encodeBlock(KEY, 99, service([replica('echo-9', 1)]))]));
    scene.pass(100, vm);
    expect(chosen(send(vm))).toBe('echo-0');
    expect(held(vm)).toBe(1);
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
    const before = statistics(vm);
    vm.deleteContext(1);
    const changed = vm.addRoot('{"orca": true}');
    finish(vm, send(vm));
    for (let i = 0; i < 30; i++) {
      scene.now += 100;
      vm.tick(changed);
    }
    expect(statistics(vm)?.instance).toBe(before?.instance);
    expect(statistics(vm)?.called.reduce((sum, { requests }) => sum + requests, 0)).toBe(2);
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
