import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mode } from '../../../../central-controller/model/topology.ts';
import { VALID_FOR_MS } from '../../../../contract/assignment.ts';
import { Publisher } from '../../../../central-controller/publish/publisher.ts';
import { serviceTopology, topologyOf } from '../../fixtures.ts';
import { Agent, decisionOn, KEY, NOW, publishing } from '../support/publishing.ts';

describe('an agent of the version before that is slow, or comes back', () => {
  it('gets nothing more until it can take it, and then everything', () => {
    const { publisher, agent, publish } = publishing();
    publish(0);
    agent.takes = false;
    publish(250, { weight: 0.1 });
    publish(500, { weight: 0.2 });
    publish(750, { weight: 0.3 });
    expect(agent.updates).toHaveLength(2);
    agent.takes = true;
    publisher.drained(agent, NOW + 800);
    expect(agent.updates.at(-1)).toMatchObject({ full: true, version: NOW + 750 });
    expect(agent.held.get(KEY)?.replicas[0]?.weight).toBe(0.3);
    publish(1_000, { weight: 0.4 });
    expect(agent.updates.at(-1)).toMatchObject({ full: false });
  });

  it('does not get again what it did not miss', () => {
    const { publisher, agent, publish } = publishing();
    agent.takes = false;
    publish(0);
    publisher.drained(agent, NOW + 100);
    expect(agent.updates).toHaveLength(1);
    publish(250, { weight: 0.1 });
    expect(agent.updates.at(-1)).toMatchObject({ full: false, version: NOW + 250 });
  });

  it('loses its connection when it takes nothing for too long', () => {
    const { publisher, agent, publish } = publishing();
    agent.takes = false;
    publish(0);
    publish(VALID_FOR_MS + 1, { weight: 0.1 });
    expect(agent.closed).toBe(true);
    expect(publisher.connected).toEqual([]);
  });

  it('holds what a newcomer holds, whatever was published and whenever it stalled or came back', () => {
    const service = fc.record({
      present: fc.boolean(),
      mode: fc.constantFrom<Mode>('Enforce', 'Enforce', 'Observe'),
      weight: fc.constantFrom(0, 0.25, 0.5, 1),
      ready: fc.boolean(),
    });
    const step = fc.record({
      services: fc.tuple(service, service, service),
      takes: fc.boolean(),
      comesBack: fc.boolean(),
      ms: fc.integer({ min: 0, max: 600 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const publisher = new Publisher(0);
        const agent = new Agent();
        publisher.subscribe(agent, 0);
        let now = VALID_FOR_MS;
        for (const { services, takes, comesBack, ms } of steps) {
          const topology = topologyOf(
            ...services.flatMap(({ present, mode, ready }, index) => {
              const whole = serviceTopology({ name: `s${index}`, mode });
              const replicas = whole.replicas.map((replica, ordinal) => ({
                ...replica,
                ready: ready || ordinal === 0,
              }));
              return present ? [{ ...whole, replicas }] : [];
            }),
          );
          now += ms;
          agent.takes = takes;
          const weightOf = (name: string) => ({ weight: services[Number(name.slice(1))]?.weight ?? 0 });
          publisher.publish(decisionOn(topology, now, weightOf), topology, now);
          if (takes) publisher.drained(agent, now);
          if (comesBack) {
            publisher.unsubscribe(agent);
            publisher.subscribe(agent, now);
          }
          if (!takes && !comesBack) continue;
          const newcomer = new Agent();
          publisher.subscribe(newcomer, now);
          publisher.unsubscribe(newcomer);
          expect(summary(agent)).toEqual(summary(newcomer));
          const enforced = topology.services.filter(({ mode }) => mode === 'Enforce').map(({ name }) => name);
          expect([...agent.held.keys()].map((key) => key.slice(5, 7)).toSorted()).toEqual(enforced);
        }
      }),
    );
  });
});

function summary(agent: Agent) {
  return [...agent.held.values()]
    .map(({ key, replicas }) => ({ key, weights: replicas.map(({ name, weight }) => `${name} ${weight}`) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
