import { expect, it } from 'vitest';
import { assignmentTable } from '../../../central-controller/publish/assignment-table.ts';
import { serviceTopology, topologyOf } from '../fixtures.ts';
import { decisionOn, KEY, NOW } from './support/publishing.ts';

it("names each replica's CPU in use over what it could have, where both are known", () => {
  const topology = topologyOf(serviceTopology());
  const decision = decisionOn(topology, NOW);
  const [used, unknown] = [{ cpuCores: 0.3, capacityCores: 0.4 }, { capacityCores: 0 }];
  const services = decision.services.map((service) => ({
    ...service,
    replicas: service.replicas.map((replica, index) => ({ ...replica, ...(index === 0 ? used : unknown) })),
  }));
  const service = assignmentTable({ ...decision, services }, topology).get(KEY);
  if (!service) throw new Error(`no ${KEY} in the table`);
  const [first, second] = service.replicas;
  expect(first?.cpuUtilisation).toBeCloseTo(0.75, 12);
  expect(second).not.toHaveProperty('cpuUtilisation');
});

it('has the keys that proxies look for, in any domain', () => {
  const topology = { ...topologyOf(serviceTopology()), clusterDomain: 'corp.example' };
  expect([...assignmentTable(decisionOn(topology, NOW), topology).keys()]).toEqual(['8080|geo.hotel.svc.corp.example']);
});
