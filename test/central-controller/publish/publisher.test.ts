import { describe, expect, it } from 'vitest';
import { Publisher, VALID_FOR_MS } from '../../../central-controller/publish/publisher.ts';
import { serviceTopology, topologyOf } from '../fixtures.ts';
import { decisionOn, KEY, NOW, publishing, type Reading, silent } from './support/publishing.ts';

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
});
