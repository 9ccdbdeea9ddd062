import { expect, test } from 'vitest';
import { PublishedService } from '../../../central-controller/publish/published-service.ts';
import { serviceTopology, topologyOf } from '../fixtures.ts';
import { decisionOn, NOW } from './support/publishing.ts';

test('where a rollout adds a port, the replicas that have it share all of its requests', () => {
  const service = serviceTopology();
  const replicas = service.replicas.map((replica, index) => ({
    ...replica,
    addresses: { ...replica.addresses, ...(index > 0 && { 9090: `10.9.0.${index}:9090` }) },
  }));
  const source = { ...service, ports: [8080, 9090], replicas };
  const [decided] = decisionOn(topologyOf(source), NOW).services;
  if (!decided) throw new Error('nothing was decided');
  const weights = (port: number): (readonly [string, number])[] => {
    const published = new PublishedService(0, `${port}|geo`);
    published.follow(source, port, decided);
    published.publish(1);
    return published.assignment().replicas.map(({ address, weight }) => [address, weight]);
  };
  const sum = (rows: readonly (readonly [string, number])[]): number =>
    rows.reduce((total, [, weight]) => total + weight, 0);
  expect(weights(8080)).toHaveLength(replicas.length);
  expect(sum(weights(8080))).toBeCloseTo(1, 12);
  expect(weights(9090).map(([address]) => address)).toEqual(
    replicas.slice(1).map((_, index) => `10.9.0.${index + 1}:9090`),
  );
  expect(sum(weights(9090))).toBeCloseTo(1, 12);
});
