/** All workers stop using a replica that cannot be reached; a probe readmits it. */
import { describe, expect, it } from 'vitest';
import type { PluginVm } from './support/host.ts';
import type { Stream } from './support/module-interface.ts';
import {
  chosen,
  equalReplicas,
  finish,
  HOST,
  Scene,
  send,
  service,
  session,
  spread,
  statistics,
  POST_MS,
} from './support/scene.ts';

const CONNECT_FAILURE = 0x20;
const CONNECTION_TERMINATION = 0x40;
const NO_HEALTHY_UPSTREAM = 0x2;
const NO_CLUSTER = 0x1000000;

/** Sends until the replica is chosen; the others' requests are answered well. */
function sendTo(vm: PluginVm, name: string): Stream {
  for (let i = 0; i < 1000; i++) {
    const stream = send(vm);
    if (chosen(stream) === name) return stream;
    finish(vm, stream);
  }
  throw new Error(`${name} was never chosen`);
}

function failOn(vm: PluginVm, name: string): void {
  finish(vm, sendTo(vm, name), { ':status': '503' }, CONNECT_FAILURE);
}

const endpoint = service(equalReplicas(3), { routing: 'Endpoint' });
const subset = service(equalReplicas(3));

describe('ejection', () => {
  const signs: [string, Record<string, string>, number, typeof subset][] = [
    ['a connection that could not be made', { ':status': '503' }, CONNECT_FAILURE, subset],
    ['a cluster that is gone', { ':status': '503' }, NO_CLUSTER, subset],
    ['a subset without a healthy host', { ':status': '503' }, NO_HEALTHY_UPSTREAM, subset],
    ['the mark of its sidecar', { ':status': '503', 'x-lb-unreached': '1' }, 0, subset],
    ['an answer from another host', { 'x-lb-session': session('10.9.9.9:80') }, 0, endpoint],
  ];
  for (const [what, headers, flags, balanced] of signs) {
    it(`follows at once from ${what}`, () => {
      const vm = new Scene().holding([balanced]);
      finish(vm, sendTo(vm, 'echo-1'), headers, flags);
      expect(new Set(spread(vm, 200).keys())).toEqual(new Set(['echo-0', 'echo-2']));
    });
  }

  it('does not follow from an answer of the application or a broken connection', () => {
    const scene = new Scene();
    const vm = scene.holding([endpoint]);
    finish(vm, sendTo(vm, 'echo-1'), { ':status': '503' }, 0);
    finish(vm, sendTo(vm, 'echo-2'), { ':status': '503' }, CONNECTION_TERMINATION);
    finish(vm, sendTo(vm, 'echo-0'), { 'x-lb-session': session('10.0.0.1:80') });
    scene.pass(POST_MS, vm);
    expect(statistics(vm)?.called.map(({ ejected }) => ejected)).toEqual([false, false, false]);
  });

  it('is counted and reported', () => {
    const scene = new Scene();
    const vm = scene.holding([endpoint]);
    failOn(vm, 'echo-1');
    scene.pass(POST_MS, vm);
    const record = statistics(vm)?.called.find(({ replica }) => replica === 'echo-1');
    expect(record).toMatchObject({ ejected: true, unreached: 1, failures: 1 });
  });

  it('of all replicas leaves the choice to Istio', () => {
    const vm = new Scene().holding([endpoint]);
    for (const name of ['echo-0', 'echo-1', 'echo-2']) failOn(vm, name);
    const stream = send(vm, { 'x-lb-endpt': 'echo-1' });
    expect([...stream.request.keys()]).toEqual([':authority']);
  });

  it('is known to the other workers at their next tick', () => {
    const scene = new Scene();
    const first = scene.holding([endpoint]);
    const second = scene.vm();
    second.tick();
    failOn(first, 'echo-1');
    scene.pass(100, second);
    expect(new Set(spread(second, 200).keys())).toEqual(new Set(['echo-0', 'echo-2']));
  });

  it('outlives a new table, but not a new address', () => {
    const scene = new Scene();
    const vm = scene.holding([endpoint]);
    failOn(vm, 'echo-1');
    scene.publish(vm, [endpoint]);
    expect(spread(vm, 200).has('echo-1')).toBe(false);
    const moved = endpoint.replicas.map((replica) => ({ ...replica, address: `10.1.0.${replica.name.at(-1)}:80` }));
    scene.publish(vm, [{ ...endpoint, replicas: moved }]);
    expect(spread(vm, 200).has('echo-1')).toBe(true);
  });
});

describe('probing in Endpoint routing', () => {
  it('uses one request of one worker when the time out is over, and readmits the replica', () => {
    const scene = new Scene();
    const first = scene.holding([endpoint]);
    const second = scene.vm();
    second.tick();
    failOn(first, 'echo-1');
    scene.pass(POST_MS, first, second);
    const probe = send(second);
    expect(chosen(probe)).toBe('echo-1');
    expect(spread(second, 100).has('echo-1')).toBe(false);
    expect(spread(first, 100).has('echo-1')).toBe(false);
    finish(second, probe);
    expect(spread(second, 100).has('echo-1')).toBe(true);
    scene.pass(100, first);
    expect(spread(first, 100).has('echo-1')).toBe(true);
  });

  it('waits until the replica has a weight above zero again', () => {
    const scene = new Scene();
    const vm = scene.holding([endpoint]);
    failOn(vm, 'echo-1');
    const without = endpoint.replicas.map((of) => ({ ...of, weight: of.name === 'echo-1' ? 0 : 0.5 }));
    scene.publish(vm, [{ ...endpoint, replicas: without }]);
    scene.pass(3000, vm);
    expect(spread(vm, 100).has('echo-1')).toBe(false);
    scene.publish(vm, [endpoint]);
    expect(chosen(send(vm))).toBe('echo-1');
  });

  it('waits twice as long after each failed probe, up to 30 s', () => {
    const scene = new Scene();
    const vm = scene.holding([endpoint], 1e9);
    failOn(vm, 'echo-1');
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      scene.pass(wait - 1, vm);
      expect(spread(vm, 50).has('echo-1')).toBe(false);
      scene.now += 1;
      const probe = send(vm);
      expect(chosen(probe)).toBe('echo-1');
      finish(vm, probe, { ':status': '503', 'x-lb-unreached': '1' });
    }
  });

  it('probes again when a probe never ended, and does not count other requests as probes', () => {
    const scene = new Scene();
    const vm = scene.holding([endpoint]);
    // One at each: requests go where fewest are under way.
    for (const name of ['echo-0', 'echo-2']) sendTo(vm, name);
    const early = sendTo(vm, 'echo-1');
    failOn(vm, 'echo-1');
    finish(vm, early);
    expect(spread(vm, 100).has('echo-1')).toBe(false);
    scene.now += 1000;
    const lost = send(vm);
    expect(chosen(lost)).toBe('echo-1');
    vm.end(lost);
    expect(spread(vm, 100).has('echo-1')).toBe(false);
    scene.now += 1000;
    expect(chosen(send(vm))).toBe('echo-1');
  });
});

describe('probing in Subset routing', () => {
  function probes(vm: PluginVm): PluginVm['calls'] {
    return vm.calls.filter(({ headers }) => headers.get(':method') === 'OPTIONS');
  }

  it('uses no request of a client: one worker sends a request of its own', () => {
    const scene = new Scene();
    const first = scene.holding([subset]);
    const second = scene.vm();
    second.tick();
    failOn(first, 'echo-1');
    scene.pass(1000, first, second);
    for (const vm of [first, second]) expect(spread(vm, 100).has('echo-1')).toBe(false);
    const [probe, ...more] = [...probes(first), ...probes(second)];
    expect(more).toEqual([]);
    expect(probe?.cluster).toBe(`outbound|80|echo-1|${HOST}`);
    expect(Object.fromEntries(probe?.headers ?? [])).toEqual({
      ':method': 'OPTIONS',
      ':path': '/',
      ':authority': HOST,
      'x-lb-endpt': 'echo-1',
    });
    if (probe) first.answer(probe, 204);
    scene.pass(100, second);
    for (const vm of [first, second]) expect(spread(vm, 100).has('echo-1')).toBe(true);
  });

  it('waits longer after each failed probe, whatever the failure', () => {
    const scene = new Scene();
    const vm = scene.holding([subset], 1e9);
    failOn(vm, 'echo-1');
    for (const [wait, status] of [
      [1000, 503],
      [2000, undefined],
      [4000, 504],
    ] as const) {
      scene.pass(wait - 100, vm);
      expect(probes(vm)).toEqual([]);
      scene.pass(200, vm);
      const [probe] = probes(vm);
      if (!probe) throw new Error('no probe was sent');
      vm.answer(probe, status);
      scene.now -= 100;
    }
    expect(spread(vm, 100).has('echo-1')).toBe(false);
  });
});
