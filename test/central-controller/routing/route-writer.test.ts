import { describe, expect, it } from 'vitest';
import type { RoutingPlan } from '../../../central-controller/routing/plan-routing.ts';
import type { Write } from '../../../central-controller/routing/plan-service.ts';
import { RouteWriter } from '../../../central-controller/routing/route-writer.ts';
import { RecordingWriter } from './support/recording-writer.ts';

function apply(name: string): Write {
  const object = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace: 'shop' },
  };
  return { verb: 'apply', object, force: true };
}

function planOf(services: Record<string, readonly Write[]>): RoutingPlan {
  const plans = Object.entries(services).map(
    ([name, steps]) =>
      [name, { steps, inForce: undefined, problem: undefined, carriedOver: undefined, bareGateways: [] }] as const,
  );
  return { services: new Map(plans), inForce: new Map(), starts: new Map(), nextAt: Infinity };
}

function setUp() {
  const clock = { now: 0 };
  const writer = new RecordingWriter();
  return { clock, writer, routes: new RouteWriter(writer, () => clock.now) };
}

describe('writing routes', () => {
  it('keeps the order, and stops at the first refusal of a service while others go on', async () => {
    const { writer, routes } = setUp();
    writer.refuses = '/a';
    await routes.write(planOf({ one: [apply('a'), apply('b')], two: [apply('c'), apply('d')] }));
    expect(writer.log.map((entry) => entry.at(-1)).join('')).toBe('acd');
    expect(routes.failures.get('one')?.message).toBe('apply VirtualService shop/a: forbidden');
  });

  it('tries again after 1, 2, 4 s and so on up to a minute, and forgets once it worked', async () => {
    const { clock, writer, routes } = setUp();
    writer.refuses = 'a';
    const tries: number[] = [];
    for (; clock.now <= 300_000; clock.now += 500) {
      const before = writer.log.length;
      await routes.write(planOf({ one: [apply('a')] }));
      if (writer.log.length > before) tries.push(clock.now / 1000);
    }
    expect(tries).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
    writer.refuses = undefined;
    clock.now += 60_000;
    await routes.write(planOf({ one: [apply('a')] }));
    expect(routes.failures.size).toBe(0);
  });

  it('forgets a refusal when nothing is to be written any more', async () => {
    const { writer, routes } = setUp();
    writer.refuses = 'a';
    await routes.write(planOf({ one: [apply('a')] }));
    await routes.write(planOf({}));
    expect(routes.failures.size).toBe(0);
  });

  it('gives the watch time to show what was written before it writes that again', async () => {
    const { clock, writer, routes } = setUp();
    for (const now of [0, 100, 4999, 5000]) {
      clock.now = now;
      await routes.write(planOf({ one: [apply('a')] }));
    }
    expect(writer.log).toHaveLength(2);
    await routes.write(planOf({ one: [{ ...apply('a'), force: false } as Write] }));
    expect(writer.log).toHaveLength(3);
  });

  it('makes 50 writes at once and 10 a second from then on', async () => {
    const { clock, writer, routes } = setUp();
    const plan = planOf(Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`s${at}`, [apply(`v${at}`)]])));
    await routes.write(plan);
    expect(writer.log).toHaveLength(50);
    clock.now = 1000;
    await routes.write(plan);
    expect(writer.log).toHaveLength(60);
  });
});
