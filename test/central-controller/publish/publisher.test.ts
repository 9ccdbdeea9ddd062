import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AssignmentUpdate, ServiceAssignment } from '../../../central-controller/contract/assignment.ts';
import type { Decision, ReplicaState } from '../../../central-controller/contract/decision.ts';
import type { Mode, Topology } from '../../../central-controller/cluster/topology.ts';
import { type Subscriber, Publisher, VALID_FOR_MS } from '../../../central-controller/publish/publisher.ts';
import { serviceTopology, topologyOf } from '../fixtures.ts';

const NOW = 1_000_000;
const KEY = '8080|geo.hotel.svc.cluster.local';

interface Wish {
  readonly weight?: number;
  readonly state?: ReplicaState;
  readonly meanInFlight?: number;
}

function decisionOn(topology: Topology, at: number, wish: Wish | ((service: string) => Wish) = {}): Decision {
  return {
    tick: 1,
    at,
    certificate: 0,
    changed: true,
    nodes: [],
    services: topology.services.map(({ namespace, name, mode, replicas }) => {
      const { weight = 0.5, state = 'Active', meanInFlight = 1 } = typeof wish === 'function' ? wish(name) : wish;
      return {
        namespace,
        name,
        mode,
        demandCores: 0,
        servedCores: 0,
        fairShareCores: 0,
        requestsPerSecond: 0,
        replicas: replicas.map((replica, index) => ({
          name: replica.name,
          node: replica.node,
          state: replica.ready ? state : ('NotReady' as const),
          weight: index === 0 ? weight : 1 - weight,
          target: 0.5,
          previous: 0.5,
          limits: [],
          cpuPerRequestSeconds: 0,
          cpuPerRequestDeviation: 0,
          requestsPerSecond: 0,
          cpuCores: 0,
          capacityCores: 0,
          inFlight: 3,
          meanInFlight,
          meanLatencySeconds: 0.01,
          failureRatio: 0,
          hiddenSeconds: 0,
        })),
      };
    }),
  };
}

/** An agent that applies what it is sent, as the protocol says. */
class Agent implements Subscriber {
  readonly node = 'node-1';
  readonly updates: AssignmentUpdate[] = [];
  readonly held = new Map<string, ServiceAssignment>();
  takes = true;
  closed = false;

  write(line: string): boolean {
    expect(line.endsWith('\n')).toBe(true);
    const update = JSON.parse(line) as AssignmentUpdate;
    this.updates.push(update);
    if (update.full) this.held.clear();
    for (const key of update.removed) this.held.delete(key);
    for (const service of update.services) this.held.set(service.key, service);
    return this.takes;
  }

  close(): void {
    this.closed = true;
  }
}

const silent = () => undefined;

function publishing(topology = topologyOf(serviceTopology())) {
  const publisher = new Publisher(NOW);
  const agent = new Agent();
  publisher.subscribe(agent, NOW);
  const publish = (
    after: number,
    wish: Parameters<typeof decisionOn>[2] = {},
    next = topology,
    reading: Reading = silent,
  ) => publisher.publish(decisionOn(next, NOW + after, wish), next, reading, NOW + after);
  return { publisher, agent, publish };
}
type Reading = Parameters<Publisher['publish']>[2];

describe('the publisher', () => {
  it('tells an agent which replica gets how much, and how old the load figures are', () => {
    const { agent, publish } = publishing();
    publish(500, { weight: 0.25 }, undefined, (_, pod) =>
      pod === 'geo-0' ? { inFlight: 7, at: NOW + 200 } : undefined,
    );
    expect(agent.updates).toEqual([
      {
        version: NOW + 500,
        full: true,
        validForMs: VALID_FOR_MS,
        removed: [],
        services: [
          {
            key: KEY,
            routing: 'Endpoint',
            pinning: false,
            replicas: [
              expect.objectContaining({
                name: 'geo-0',
                address: '10.0.1.1:8080',
                weight: 0.25,
                inFlight: 7,
                inFlightAgeMs: 300,
              }),
              expect.objectContaining({ name: 'geo-1', weight: 0.75, inFlight: 0, inFlightAgeMs: NOW + 500 }),
            ],
          },
        ],
      },
    ]);
  });

  it('says nothing while it learns, until what agents may still hold has expired', () => {
    const { agent, publish, publisher } = publishing();
    publish(0, { state: 'Learning' });
    publish(5_000, { state: 'Stale' });
    expect(agent.updates).toEqual([]);
    expect(publisher.version).toBe(0);
    publish(VALID_FOR_MS, { state: 'Learning' });
    expect(agent.updates).toMatchObject([{ full: true, services: [{ key: KEY }] }]);
  });

  it('starts as soon as every enforced service is learnt', () => {
    const topology = topologyOf(
      serviceTopology(),
      serviceTopology({ name: 'rate' }),
      serviceTopology({ name: 'watched', mode: 'Observe' }),
    );
    const { agent, publish } = publishing(topology);
    publish(250, (name) => ({ state: name === 'geo' ? 'Active' : 'Learning' }));
    expect(agent.updates).toEqual([]);
    publish(500, (name) => ({ state: name === 'watched' ? 'Learning' : 'Active' }));
    expect([...agent.held.keys()]).toEqual([KEY, '8080|rate.hotel.svc.cluster.local']);
  });

  it('sends weights that moved far at once, small moves and load figures once a second', () => {
    const { agent, publish } = publishing();
    publish(0);
    publish(250, { meanInFlight: 2 });
    publish(500, { weight: 0.51, meanInFlight: 2 });
    expect(agent.updates).toHaveLength(1);
    publish(550, { weight: 0.4, meanInFlight: 2 });
    expect(agent.updates).toHaveLength(2);
    publish(800, { weight: 0.41, meanInFlight: 3 });
    expect(agent.updates).toHaveLength(2);
    publish(1_550, { weight: 0.41, meanInFlight: 3 });
    expect(agent.updates.at(-1)).toMatchObject({ full: false, version: NOW + 1_550 });
    expect(agent.held.get(KEY)?.replicas[0]).toMatchObject({ weight: 0.41, meanInFlight: 3 });
  });

  it('counts small moves together: many of them make a far one', () => {
    const { agent, publish } = publishing();
    publish(0);
    [0.51, 0.52, 0.53, 0.54, 0.56].forEach((weight, index) => publish(50 * (index + 1), { weight }));
    expect(agent.held.get(KEY)?.replicas[0]?.weight).toBe(0.56);
  });

  it('renews by a heartbeat what did not change', () => {
    const steady: Reading = () => ({ inFlight: 1, at: NOW });
    const { agent, publish } = publishing();
    publish(0, {}, undefined, steady);
    publish(750, {}, undefined, steady);
    expect(agent.updates).toHaveLength(1);
    publish(1_000, {}, undefined, steady);
    expect(agent.updates.at(-1)).toEqual({
      version: NOW,
      full: false,
      validForMs: VALID_FOR_MS,
      services: [],
      removed: [],
    });
  });

  it('makes no new version while nothing happens, not even of replicas that were never heard', () => {
    const { publisher, publish } = publishing();
    for (let after = 0; after <= 5_000; after += 250) publish(after);
    expect(publisher.history).toHaveLength(1);
  });

  it('withdraws a service that is enforced no longer', () => {
    const { agent, publish } = publishing();
    publish(0);
    publish(250, {}, topologyOf(serviceTopology({ mode: 'Observe' })));
    expect(agent.updates.at(-1)).toMatchObject({ services: [], removed: [KEY] });
  });

  it('does not list a replica that is not ready', () => {
    const { replicas } = serviceTopology();
    const { agent, publish } = publishing();
    const unready = replicas.map((replica, index) => ({ ...replica, ready: index === 1 }));
    publish(0, { weight: 0 }, topologyOf(serviceTopology({ replicas: unready })));
    expect(agent.held.get(KEY)?.replicas).toMatchObject([{ name: 'geo-1', weight: 1 }]);
  });

  it('has versions that rise, also within one millisecond and over a restart', () => {
    const { publisher, publish } = publishing();
    for (const weight of [0.1, 0.2, 0.3]) publish(0, { weight });
    expect(publisher.history.map(({ version }) => version)).toEqual([NOW, NOW + 1, NOW + 2]);
    const restarted = new Publisher(NOW + 5_000);
    const topology = topologyOf(serviceTopology());
    restarted.publish(decisionOn(topology, NOW + 5_250), topology, silent, NOW + 5_250);
    expect(restarted.version).toBeGreaterThan(publisher.version);
  });

  it('sends a slow agent nothing more until it can take it, and then everything', () => {
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

  it('does not repeat itself to an agent that was full but missed nothing', () => {
    const { publisher, agent, publish } = publishing();
    agent.takes = false;
    publish(0);
    publisher.drained(agent, NOW + 100);
    expect(agent.updates).toHaveLength(1);
    publish(250, { weight: 0.1 });
    expect(agent.updates.at(-1)).toMatchObject({ full: false, version: NOW + 250 });
  });

  it('ends the connection of an agent that takes nothing any more', () => {
    const { publisher, agent, publish } = publishing();
    agent.takes = false;
    publish(0);
    publish(VALID_FOR_MS + 1, { weight: 0.1 });
    expect(agent.closed).toBe(true);
    expect(publisher.connected).toEqual([]);
  });

  it('leaves every agent with the whole truth, whatever was published and whenever the agent came or stalled', () => {
    const service = fc.record({
      present: fc.boolean(),
      mode: fc.constantFrom<Mode>('Enforce', 'Enforce', 'Observe'),
      weight: fc.constantFrom(0, 0.25, 0.5, 1),
      ready: fc.boolean(),
    });
    const step = fc.record({
      services: fc.tuple(service, service, service),
      stalls: fc.boolean(),
      comesBack: fc.boolean(),
      ms: fc.integer({ min: 0, max: 600 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const publisher = new Publisher(0);
        const agent = new Agent();
        publisher.subscribe(agent, 0);
        let now = VALID_FOR_MS;
        for (const { services, stalls, comesBack, ms } of steps) {
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
          agent.takes = !stalls;
          const weightOf = (name: string) => ({ weight: services[Number(name.slice(1))]?.weight ?? 0 });
          publisher.publish(decisionOn(topology, now, weightOf), topology, () => ({ inFlight: 0, at: 0 }), now);
          agent.takes = true;
          publisher.drained(agent, now);
          if (comesBack) {
            publisher.unsubscribe(agent);
            publisher.subscribe(agent, now);
          }
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
