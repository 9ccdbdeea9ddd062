import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VALID_FOR_MS } from '../../../contract/assignment.ts';
import { Publisher } from '../../../central-controller/publish/publisher.ts';
import type { Mode } from '../../../central-controller/model/topology.ts';
import { serviceTopology, topologyOf } from '../fixtures.ts';
import { NodeAgent } from './support/node-agent.ts';
import { decisionOn, KEY, NOW } from './support/publishing.ts';

const TOPOLOGY = topologyOf(serviceTopology());

function publishing() {
  const publisher = new Publisher(NOW);
  const agent = new NodeAgent([KEY]);
  agent.connect(publisher, NOW);
  const publish = (after: number, weight = 0.5) =>
    publisher.publish(decisionOn(TOPOLOGY, NOW + after, { weight }), TOPOLOGY, NOW + after);
  return { publisher, agent, publish };
}

describe('an agent that is slow', () => {
  it('gets nothing more until it can take it, and then what it missed', () => {
    const { publisher, agent, publish } = publishing();
    publish(0);
    agent.takes = false;
    publish(250, 0.1);
    publish(500, 0.2);
    publish(750, 0.3);
    expect(agent.lines).toHaveLength(2);
    agent.takes = true;
    publisher.drained(agent, NOW + 800);
    expect(agent.lines.at(-1)).toMatchObject({ version: NOW + 750, services: [{ version: NOW + 750 }] });
    publish(1_000, 0.4);
    expect(agent.held.get(KEY)?.weights).toEqual([0.4, 0.6]);
  });

  it('does not get again what it did not miss', () => {
    const { publisher, agent, publish } = publishing();
    agent.takes = false;
    publish(0);
    publisher.drained(agent, NOW + 100);
    expect(agent.lines).toHaveLength(1);
  });

  it('loses its connection when it takes nothing for too long', () => {
    const { publisher, agent, publish } = publishing();
    agent.takes = false;
    publish(0);
    publish(VALID_FOR_MS + 1, 0.1);
    expect([agent.closed, publisher.connected]).toEqual([true, []]);
  });
});

it('every agent holds what a newcomer with its wishes holds, whatever was published and whenever it stalled', () => {
  const keyOf = (index: number): string => `8080|s${index}.hotel.svc.cluster.local`;
  const service = fc.record({
    present: fc.boolean(),
    mode: fc.constantFrom<Mode>('Enforce', 'Enforce', 'Observe'),
    weight: fc.constantFrom(0, 0.25, 0.5, 0.52, 1),
    ready: fc.boolean(),
  });
  const step = fc.record({
    services: fc.tuple(service, service, service),
    takes: fc.boolean(),
    comesBack: fc.boolean(),
    wanted: fc.option(fc.subarray([0, 1, 2, 3]), { nil: undefined }),
    ms: fc.integer({ min: 0, max: 2_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
      const publisher = new Publisher(0);
      const agent = new NodeAgent([keyOf(0), keyOf(1)]);
      agent.connect(publisher, 0);
      let now = VALID_FOR_MS;
      for (const { services, takes, comesBack, wanted, ms } of steps) {
        const present = services.flatMap(({ present: isThere, mode, ready }, index) => {
          const whole = serviceTopology({ name: `s${index}`, mode });
          const replicas = whole.replicas.map((replica, ordinal) => ({ ...replica, ready: ready || ordinal === 0 }));
          return isThere ? [{ ...whole, replicas }] : [];
        });
        const topology = topologyOf(...present);
        now += ms;
        agent.takes = takes;
        const weightOf = (name: string) => ({ weight: services[Number(name.slice(1))]?.weight ?? 0 });
        publisher.publish(decisionOn(topology, now, weightOf), topology, now);
        // A line that it cannot take is still buffered; it drains when the agent takes lines again.
        if (takes) publisher.drained(agent, now);
        if (wanted !== undefined || comesBack) {
          agent.wanted = wanted?.map(keyOf) ?? agent.wanted;
          for (const key of agent.held.keys()) if (!agent.wanted.includes(key)) agent.held.delete(key);
          for (const key of agent.unbalanced) if (!agent.wanted.includes(key)) agent.unbalanced.delete(key);
          publisher.unsubscribe(agent);
          agent.connect(publisher, now);
        }
        if (!takes && !comesBack && wanted === undefined) continue;
        const newcomer = new NodeAgent(agent.wanted, 'node-2');
        newcomer.connect(publisher, now);
        publisher.unsubscribe(newcomer);
        expect(sorted(agent.held)).toEqual(sorted(newcomer.held));
        expect([...agent.unbalanced].toSorted()).toEqual([...newcomer.unbalanced].toSorted());
        expect(agent.last).toEqual({ ...newcomer.last, utilisation: expect.any(Array) as unknown });
      }
    }),
  );
});

function sorted<T>(held: ReadonlyMap<string, T>): [string, T][] {
  return [...held].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
