import { describe, expect, it } from 'vitest';
import { VALID_FOR_MS } from '../../../contract/assignment.ts';
import { Publisher } from '../../../central-controller/publish/publisher.ts';
import type { Topology } from '../../../central-controller/model/topology.ts';
import { serviceTopology, topologyOf } from '../fixtures.ts';
import { NodeAgent } from './support/node-agent.ts';
import { decisionOn, KEY, NOW } from './support/publishing.ts';

const RATE = '8080|rate.hotel.svc.cluster.local';
const NOBODY = '8080|nobody.hotel.svc.cluster.local';
const BOTH = topologyOf(serviceTopology(), serviceTopology({ name: 'rate' }));

function publishing(agents: readonly NodeAgent[], topology: Topology = BOTH) {
  const publisher = new Publisher(NOW);
  for (const agent of agents) agent.connect(publisher, NOW);
  const publish = (after: number, wish: Parameters<typeof decisionOn>[2] = {}, next = topology, detail?: Set<string>) =>
    publisher.publish(decisionOn(next, NOW + after, wish), next, NOW + after, detail);
  return { publisher, publish };
}

/** The weight of the first replica of each service named. */
function onlyAt(...services: string[]) {
  return (name: string) => ({ weight: services.includes(name) ? 0.2 : 0.5 });
}

describe('an agent', () => {
  it('gets the services that its node wants, and no others', () => {
    const agent = new NodeAgent([KEY]);
    const { publish } = publishing([agent]);
    publish(500, { weight: 0.25 });
    expect(agent.lines).toHaveLength(1);
    expect(agent.lines[0]).toMatchObject({ version: NOW + 500, epoch: NOW, validForMs: VALID_FOR_MS });
    expect([...agent.held]).toEqual([
      [
        KEY,
        {
          version: NOW + 500,
          names: ['geo-0', 'geo-1'],
          addresses: ['10.0.1.1:8080', '10.0.2.1:8080'],
          weights: [0.25, 0.75],
        },
      ],
    ]);
  });

  it('gets all services when it asks for all', () => {
    const agent = new NodeAgent('all');
    const { publish } = publishing([agent]);
    publish(0);
    publish(250, onlyAt('rate'));
    expect(agent.held.get(KEY)?.weights).toEqual([0.5, 0.5]);
    expect(agent.held.get(RATE)?.weights).toEqual([0.2, 0.8]);
  });

  it('gets a change of a service that it wants as weights alone, and nothing of the others', () => {
    const [geo, rate] = [new NodeAgent([KEY]), new NodeAgent([RATE], 'node-2')];
    const { publisher, publish } = publishing([geo, rate]);
    publish(0);
    const before = rate.bytes;
    publish(250, onlyAt('rate'));
    expect(geo.lines).toHaveLength(1);
    expect(rate.lines[1]).toEqual({
      version: NOW + 250,
      validForMs: VALID_FOR_MS,
      weights: [[1, expect.any(String)]],
    });
    expect(rate.bytes - before).toBeLessThan(80);
    expect(rate.held.get(RATE)?.version).toBe(NOW + 250);
    expect([...publisher.bystanders]).toEqual(['node-1']);
  });

  it('gets small moves of all its services at the same beat', () => {
    const agent = new NodeAgent([KEY, RATE]);
    const { publish } = publishing([agent]);
    publish(0);
    publish(1_750, (name) => ({ weight: name === 'geo' ? 0.52 : 0.2 }));
    expect(agent.lines[1]?.weights).toHaveLength(1);
    publish(2_900, { weight: 0.52 });
    publish(3_000, (name) => ({ weight: name === 'geo' ? 0.52 : 0.51 }));
    const sent = agent.lines.slice(2).flatMap(({ weights = [] }) => weights.map(([id]) => id));
    expect(sent.toSorted()).toEqual([0, 1, 1]);
  });

  it('gets a heartbeat a second after its last line', () => {
    const [geo, rate] = [new NodeAgent([KEY]), new NodeAgent([RATE], 'node-2')];
    const { publish } = publishing([geo, rate]);
    publish(0);
    publish(750, onlyAt('rate'));
    publish(1_000, onlyAt('rate'));
    expect(geo.lines[1]).toEqual({ version: NOW + 750, validForMs: VALID_FOR_MS });
    expect(rate.lines).toHaveLength(2);
  });

  it('learns that nobody balances a service, and gets the service once a policy enforces it', () => {
    const agent = new NodeAgent([KEY, NOBODY]);
    const { publish } = publishing([agent]);
    publish(0);
    expect([...agent.unbalanced]).toEqual([NOBODY]);
    publish(250, {}, topologyOf(serviceTopology(), serviceTopology({ name: 'nobody' })));
    expect(agent.held.get(NOBODY)?.names).toEqual(['nobody-0', 'nobody-1']);
    publish(500, {}, topologyOf(serviceTopology(), serviceTopology({ name: 'nobody', mode: 'Observe' })));
    expect(agent.lines.at(-1)).toMatchObject({ unbalanced: [NOBODY] });
    expect([...agent.held.keys()]).toEqual([KEY]);
  });

  it('gets the rows of a service again when its replicas change', () => {
    const agent = new NodeAgent([KEY]);
    const { publish } = publishing([agent]);
    publish(0);
    const { replicas } = serviceTopology();
    const unready = replicas.map((replica, index) => ({ ...replica, ready: index === 1 }));
    publish(250, { weight: 0 }, topologyOf(serviceTopology({ replicas: unready })));
    expect(agent.held.get(KEY)).toMatchObject({ names: ['geo-1'], weights: [1] });
  });

  it('gets only what changed when it comes back to the same leader', () => {
    const agent = new NodeAgent([KEY, RATE]);
    const { publisher, publish } = publishing([agent]);
    publish(0);
    publisher.unsubscribe(agent);
    publish(250, onlyAt('rate'));
    agent.connect(publisher, NOW + 300);
    expect(agent.lines.at(-1)?.services?.map(({ key }) => key)).toEqual([RATE]);
    expect(agent.held.get(RATE)?.weights).toEqual([0.2, 0.8]);
  });

  it('gets everything from another leader, whatever versions it holds', () => {
    const agent = new NodeAgent([KEY, RATE]);
    publishing([agent]).publish(0);
    const next = new Publisher(NOW + 5_000);
    agent.connect(next, NOW + 5_000);
    next.publish(decisionOn(BOTH, NOW + 5_250), BOTH, NOW + 5_250);
    expect(agent.lines.at(-1)).toMatchObject({ epoch: NOW + 5_000, services: [{ key: KEY }, { key: RATE }] });
  });

  it('loses its connection when its node opens another one', () => {
    const [first, second] = [new NodeAgent([KEY]), new NodeAgent([RATE])];
    const { publisher, publish } = publishing([first]);
    publish(0);
    second.connect(publisher, NOW + 100);
    expect([first.closed, second.closed]).toEqual([true, false]);
    publish(250, onlyAt('geo', 'rate'));
    expect(first.lines).toHaveLength(1);
    expect(publisher.connected).toEqual(['node-1']);
  });
});

describe('while a new leader learns, an agent', () => {
  it('keeps what it holds, but for services that are learnt or no longer enforced', () => {
    const agent = new NodeAgent([KEY, RATE, NOBODY]);
    publishing([agent]).publish(0, { weight: 0.2 });
    const next = new Publisher(NOW + 5_000);
    agent.connect(next, NOW + 5_000);
    const learning = (name: string) => ({ state: name === 'geo' ? ('Active' as const) : ('Learning' as const) });
    next.publish(decisionOn(BOTH, NOW + 5_250, learning), BOTH, NOW + 5_250);
    expect(agent.lines.at(-1)).toMatchObject({ partial: true, unbalanced: [NOBODY] });
    expect(agent.held.get(KEY)?.weights).toEqual([0.5, 0.5]);
    expect(agent.held.get(RATE)?.weights).toEqual([0.2, 0.8]);
    next.publish(decisionOn(BOTH, NOW + 5_500), BOTH, NOW + 5_500);
    expect(agent.held.get(RATE)?.weights).toEqual([0.5, 0.5]);
  });

  it('keeps its CPU grants until the leader is open', () => {
    const agent = new NodeAgent([KEY]);
    agent.last = { cpu: [{ uid: 'uid-geo-0', shares: 512 }] };
    const { publish } = publishing([agent]);
    publish(0, { state: 'Learning' });
    expect(agent.last.cpu).toHaveLength(1);
    publish(VALID_FOR_MS, { state: 'Learning' });
    expect(agent.last.cpu).toEqual([]);
  });
});

describe('what concerns one node', () => {
  it("is the utilisation of its own pods, when one's moved much, every three seconds", () => {
    const agents = [new NodeAgent([KEY]), new NodeAgent([], 'node-2')];
    const { publish } = publishing(agents, topologyOf(serviceTopology()));
    publish(0);
    publish(3_000, { cpuCores: 0.54 });
    publish(4_000, { cpuCores: 0.9 });
    expect(agents.map(({ last }) => last.utilisation)).toEqual([[['hotel/geo-0', 0.5]], [['hotel/geo-1', 0.5]]]);
    publish(6_000, { cpuCores: 0.9 });
    expect(agents.map(({ last }) => last.utilisation)).toEqual([[['hotel/geo-0', 0.9]], [['hotel/geo-1', 0.9]]]);
  });

  it('is which of its services are to be reported replica by replica', () => {
    const [geo, rate] = [new NodeAgent([KEY]), new NodeAgent([RATE], 'node-2')];
    const { publish } = publishing([geo, rate]);
    publish(0);
    publish(250, {}, BOTH, new Set(['hotel/rate']));
    expect([geo.last.detail, rate.last.detail]).toEqual([[], [RATE]]);
    publish(500, {}, BOTH, new Set());
    expect([geo.last.detail, rate.last.detail]).toEqual([[], []]);
    expect(geo.lines).toHaveLength(1);
  });
});
