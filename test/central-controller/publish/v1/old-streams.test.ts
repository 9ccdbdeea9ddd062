import { describe, expect, it } from 'vitest';
import { VALID_FOR_MS } from '../../../../contract/assignment.ts';
import { Publisher } from '../../../../central-controller/publish/publisher.ts';
import { serviceTopology, topologyOf } from '../../fixtures.ts';
import { decisionOn, KEY, NOW, publishing } from '../support/publishing.ts';

describe('an agent of the version before', () => {
  it('gets the weight and the CPU utilisation of each replica', () => {
    const { agent, publish } = publishing();
    publish(500, { weight: 0.25, cpuCores: 0.8 });
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
              { name: 'geo-0', address: '10.0.1.1:8080', weight: 0.25, cpuUtilisation: 0.8 },
              expect.objectContaining({ name: 'geo-1', weight: 0.75, cpuUtilisation: 0.8 }),
            ],
          },
        ],
      },
    ]);
  });

  it('keeps what it holds while a new leader learns, until that would have expired', () => {
    const { agent, publish, publisher } = publishing();
    publish(0, { state: 'Learning' });
    publish(5_000, { state: 'Stale' });
    const renewal = { version: NOW, full: false, partial: true, validForMs: VALID_FOR_MS, services: [], removed: [] };
    expect(agent.updates).toEqual([renewal, renewal]);
    expect(publisher.version).toBe(0);
    publish(VALID_FOR_MS, { state: 'Learning' });
    expect(agent.updates.slice(2)).toMatchObject([{ full: true, services: [{ key: KEY }] }]);
  });

  it('gets each enforced service as soon as it is learnt, and everything once all are', () => {
    const topology = topologyOf(
      serviceTopology(),
      serviceTopology({ name: 'rate' }),
      serviceTopology({ name: 'watched', mode: 'Observe' }),
    );
    const { agent, publish } = publishing(topology);
    const rate = '8080|rate.hotel.svc.cluster.local';
    publish(250, (name) => ({ state: name === 'geo' ? 'Active' : 'Learning' }));
    expect(agent.updates).toMatchObject([{ full: false, partial: true, services: [{ key: KEY }] }]);
    publish(300, { state: 'Learning' });
    publish(1_300, { state: 'Learning' });
    expect(agent.updates.slice(1)).toMatchObject([{ full: false, partial: true, services: [], removed: [] }]);
    publish(1_500, (name) => ({ state: name === 'watched' ? 'Learning' : 'Active' }));
    expect(agent.updates.at(-1)).toMatchObject({ full: true });
    expect([...agent.held.keys()]).toEqual([KEY, rate]);
  });

  it('keeps its weights over a change of the leader, and versions keep rising', () => {
    const { agent, publish, publisher } = publishing();
    publish(0, { weight: 0.2 });
    publisher.close();
    publisher.begin(NOW + 20_000);
    publisher.subscribe(agent, NOW + 20_000);
    publish(20_250, { state: 'Learning' });
    expect(agent.held.get(KEY)?.replicas[0]?.weight).toBe(0.2);
    publish(20_500, { weight: 0.3 });
    expect(agent.updates.at(-1)).toMatchObject({ full: true, version: NOW + 20_500 });
    expect(agent.held.get(KEY)?.replicas[0]?.weight).toBe(0.3);
  });

  it('gets weights that moved far at once, small moves every three seconds', () => {
    const { agent, publish } = publishing();
    publish(0);
    publish(500, { weight: 0.51 });
    expect(agent.updates).toHaveLength(1);
    publish(550, { weight: 0.4 });
    expect(agent.updates).toHaveLength(2);
    publish(800, { weight: 0.41 });
    expect(agent.updates).toHaveLength(2);
    publish(3_550, { weight: 0.41 });
    expect(agent.updates.at(-1)).toMatchObject({ full: false, version: NOW + 3_550 });
    expect(agent.held.get(KEY)?.replicas[0]?.weight).toBe(0.41);
  });

  it('gets CPU utilisation with weights, and otherwise when it moved much, every three seconds', () => {
    const both = topologyOf(serviceTopology(), serviceTopology({ name: 'rate' }));
    const { agent, publisher, publish } = publishing(both);
    const sent = () => [...agent.held.values()].map(({ replicas }) => replicas[0]?.cpuUtilisation);
    publish(0);
    publish(1_000, { cpuCores: 0.54 });
    expect(sent()).toEqual([0.5, 0.5]);
    const moved = (cpuCores: number) => (name: string) => ({ cpuCores, weight: name === 'geo' ? 0.3 : 0.5 });
    publish(1_250, moved(0.54));
    expect(sent()).toEqual([0.54, 0.5]);
    publish(2_750, moved(0.9));
    expect(sent()).toEqual([0.54, 0.5]);
    publish(3_000, moved(0.9));
    expect(sent()).toEqual([0.9, 0.9]);
    expect(publisher.history.map(({ weightsChanged }) => weightsChanged)).toEqual([true, true, false]);
  });

  it('gets CPU utilisation when many small moves make a large one', () => {
    const { publisher, publish } = publishing();
    [0.5, 0.52, 0.54, 0.56].forEach((cpuCores, second) => publish(1_000 * second, { cpuCores }));
    expect(publisher.history.map(({ version }) => version)).toEqual([NOW, NOW + 3_000]);
    expect(publisher.history.at(-1)?.weightsChanged).toBe(false);
  });

  it('gets weights when many small moves make a large one', () => {
    const { agent, publish } = publishing();
    publish(0);
    [0.51, 0.52, 0.53, 0.54, 0.56].forEach((weight, index) => publish(50 * (index + 1), { weight }));
    expect(agent.held.get(KEY)?.replicas[0]?.weight).toBe(0.56);
  });

  it('gets a heartbeat each second while nothing changes', () => {
    const { agent, publish } = publishing();
    publish(0);
    publish(750);
    expect(agent.updates).toHaveLength(1);
    publish(1_000);
    expect(agent.updates.at(-1)).toEqual({
      version: NOW,
      full: false,
      validForMs: VALID_FOR_MS,
      services: [],
      removed: [],
    });
  });

  it('gets no new version while nothing changes', () => {
    const { publisher, publish } = publishing();
    for (let after = 0; after <= 5_000; after += 250) publish(after);
    expect(publisher.history).toHaveLength(1);
  });

  it('loses a service that is no longer enforced', () => {
    const { agent, publish } = publishing();
    publish(0);
    publish(250, {}, topologyOf(serviceTopology({ mode: 'Observe' })));
    expect(agent.updates.at(-1)).toMatchObject({ services: [], removed: [KEY] });
  });

  it('gets no replica that is not ready', () => {
    const { replicas } = serviceTopology();
    const { agent, publish } = publishing();
    const unready = replicas.map((replica, index) => ({ ...replica, ready: index === 1 }));
    publish(0, { weight: 0 }, topologyOf(serviceTopology({ replicas: unready })));
    expect(agent.held.get(KEY)?.replicas).toMatchObject([{ name: 'geo-1', weight: 1 }]);
  });

  it('gets versions that rise, also within one millisecond and over a restart', () => {
    const { publisher, publish } = publishing();
    for (const weight of [0.1, 0.2, 0.3]) publish(0, { weight });
    expect(publisher.history.map(({ version }) => version)).toEqual([NOW, NOW + 1, NOW + 2]);
    const restarted = new Publisher(NOW + 5_000);
    const topology = topologyOf(serviceTopology());
    restarted.publish(decisionOn(topology, NOW + 5_250), topology, NOW + 5_250);
    expect(restarted.version).toBeGreaterThan(publisher.version);
  });
});
