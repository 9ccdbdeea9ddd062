/** CPU grants to the agents: each gets those of its own node's pods only. */
import { Compile } from 'typebox/compile';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { AssignmentUpdate, type PodCpuGrant } from '../../../contract/assignment.ts';
import type { Decision } from '../../../contract/decision.ts';
import { Publisher } from '../../../central-controller/publish/publisher.ts';
import { createLoop, runTraffic, serviceTopology, topologyOf } from '../fixtures.ts';
import { Agent, decisionOn, NOW } from './support/publishing.ts';

const Update = Compile(AssignmentUpdate);
const TOPOLOGY = topologyOf(serviceTopology({ cpuControl: 'BOTH' }), serviceTopology({ name: 'rate' }));

/** Grants `shares` to every replica of a service, whatever its policy. */
function granting(shares: number | undefined, service = 'geo', after = 0): Decision {
  const decision = decisionOn(TOPOLOGY, NOW + after);
  return {
    ...decision,
    services: decision.services.map((one) => ({
      ...one,
      replicas: one.replicas.map((replica) =>
        one.name === service && shares !== undefined ? { ...replica, cpuGrant: { shares } } : replica,
      ),
    })),
  };
}

function publishing(): {
  agent: Agent;
  publisher: Publisher;
  publish: (after: number, shares?: number, service?: string) => void;
} {
  const publisher = new Publisher(NOW);
  const agent = new Agent();
  publisher.subscribe(agent, NOW);
  return {
    agent,
    publisher,
    publish: (after, shares, service) => publisher.publish(granting(shares, service, after), TOPOLOGY, NOW + after),
  };
}

describe('CPU grants', () => {
  it('go to the agent of their node, with the first line', () => {
    const { agent, publish } = publishing();
    publish(0, 512);
    expect(agent.updates.map(({ cpu }) => cpu)).toEqual([[{ uid: 'uid-geo-0', shares: 512 }]]);
    expect(agent.updates.every((update) => Update.Check(update))).toBe(true);
  });

  it('go out at once when they change, without a version, and no more often', () => {
    const { agent, publisher, publish } = publishing();
    publish(0, 512);
    publish(250, 512);
    publish(500, 700);
    publish(600, 700);
    expect(agent.updates.map(({ cpu }) => cpu?.[0]?.shares)).toEqual([512, 700]);
    expect(agent.updates.at(-1)).toMatchObject({ full: false, services: [], removed: [] });
    expect(publisher.history).toHaveLength(1);
  });

  it('are withdrawn by an empty list, and not mentioned where there never were any', () => {
    const { agent, publish } = publishing();
    publish(0);
    publish(250, 512);
    publish(500);
    publish(1_500);
    expect(agent.updates.map(({ cpu }) => cpu)).toEqual([
      undefined,
      [{ uid: 'uid-geo-0', shares: 512 }],
      [],
      undefined,
    ]);
  });

  it('are not made of a decision for a service whose policy does not ask for them', () => {
    const { agent, publish } = publishing();
    publish(0, 512, 'rate');
    expect(agent.updates.map(({ cpu }) => cpu)).toEqual([undefined]);
  });

  it('are what the lines of a fleet differ by: all else is written once', () => {
    const publisher = new Publisher(NOW);
    const fleet = ['node-1', 'node-2', 'node-3', 'node-4'].map((node) => new Agent(node));
    for (const agent of fleet) publisher.subscribe(agent, NOW);
    const written = vi.spyOn(JSON, 'stringify');
    onTestFinished(() => written.mockRestore());
    const tables = () => written.mock.calls.filter(([value]) => 'services' in (value as object)).length;
    publisher.publish(granting(512), TOPOLOGY, NOW);
    expect(tables()).toBe(1);
    publisher.subscribe(new Agent('node-5'), NOW);
    expect(tables()).toBe(1);
    publisher.publish(granting(512, 'geo', 1_000), TOPOLOGY, NOW + 1_000);
    expect(tables()).toBe(2);
    expect(fleet.map(({ updates }) => updates.map(({ cpu }) => cpu?.map(({ uid }) => uid)))).toEqual([
      [['uid-geo-0'], undefined],
      [['uid-geo-1'], undefined],
      [undefined, undefined],
      [undefined, undefined],
    ]);
    const [first, , third] = fleet.map(({ updates }) => updates[0]);
    expect({ ...first, cpu: undefined }).toEqual({ ...third, cpu: undefined });
  });

  it('reach an agent that could take no more once it can', () => {
    const { agent, publisher, publish } = publishing();
    agent.takes = false;
    publish(0, 512);
    publish(250, 700);
    expect(agent.updates).toHaveLength(1);
    agent.takes = true;
    publisher.drained(agent, NOW + 300);
    expect(agent.updates.at(-1)).toMatchObject({ full: true, cpu: [{ uid: 'uid-geo-0', shares: 700 }] });
  });
});

it('a policy that asks for both brings each node the grants of its own pods, and one that does not, none', () => {
  const test = createLoop(TOPOLOGY);
  const held = new Map<string, readonly PodCpuGrant[]>();
  for (const node of ['node-1', 'node-2']) {
    test.loop.publisher.subscribe(
      {
        node,
        write(line) {
          const { cpu } = Update.Parse(JSON.parse(line));
          if (cpu) held.set(node, cpu);
          return true;
        },
        close: () => undefined,
      },
      test.clock.now(),
    );
  }
  test.loop.start();
  runTraffic(test, 15);
  expect(held.get('node-1')).toEqual([
    { uid: 'uid-geo-0', shares: expect.any(Number), quotaCores: expect.any(Number) },
  ]);
  expect(held.get('node-2')?.map(({ uid }) => uid)).toEqual(['uid-geo-1']);
  expect(test.defects).toEqual([]);
  test.cluster.change(topologyOf(serviceTopology()));
  test.clock.advance(500);
  expect([...held.values()]).toEqual([[], []]);
});
