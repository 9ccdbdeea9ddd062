import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { NodeReport } from '../../../contract/node-report.ts';
import { AgentReport } from '../../../contract/report.ts';
import { seeded } from '../allocate/instances.ts';
import { FleetController } from './controller.ts';
import { Drivers, type FleetFigures } from './drivers.ts';
import { percentile, reactions } from './figures.ts';
import { NodeCounters } from './node-counters.ts';
import { FleetPlan } from './plan.ts';

const SIZE = { nodes: 4, replicas: 24, services: 3 };

describe('a plan', () => {
  const plan = new FleetPlan(SIZE);
  const nodes = [0, 1, 2, 3];

  test('places every replica once', () => {
    const placed = nodes.flatMap((node) => plan.replicasOn(node));
    expect(new Set(placed.map(({ uid }) => uid)).size).toBe(SIZE.replicas);
  });

  test('has each pod call services with as many replicas as they have', () => {
    for (const { key, replicas } of nodes.flatMap((node) => plan.calledOn(node))) {
      expect(key).toMatch(/^8080\|service-[012]\.shop\.svc\.cluster\.local$/);
      expect(replicas).toHaveLength(8);
    }
  });

  test('makes reports of either version whose counters never fall', () => {
    const counters = new NodeCounters(plan, 0, seeded(1));
    let requests = 0;
    let busySeconds = 0;
    for (let beat = 1; beat <= 40; beat++) {
      counters.advance(beat / 4);
      const report = counters.report(beat === 1);
      expect([...Value.Errors(NodeReport, report)]).toEqual([]);
      expect([...Value.Errors(AgentReport, counters.oldReport())]).toEqual([]);
      expect(report.cpu[1]).toBeGreaterThan(busySeconds);
      busySeconds = report.cpu[1];
      const served = report.served?.find(([pod]) => pod === 'shop/service-0-0')?.[2] ?? requests;
      expect(served).toBeGreaterThanOrEqual(requests);
      requests = served;
    }
    expect(requests).toBeGreaterThan(0);
  });
});

describe('figures', () => {
  test('a reaction begins with the beat before the decision', () => {
    const decidedAt = new Map([[7, 1060]]);
    expect(reactions([7, 1080, 7, 1150, 8, 2000], decidedAt)).toEqual([80, 150]);
  });

  test('a percentile of no values is none', () => {
    expect(percentile([], 0.5)).toBeNaN();
    expect(percentile([3, 1, 2], 0.5)).toBe(2);
    expect(percentile([3, 1, 2], 0.99)).toBe(3);
  });
});

describe.each(['v2', 'v1'] as const)('agents that speak %s', (protocol) => {
  test('listen, report and read weights, and nothing is refused', async () => {
    const { signal } = new AbortController();
    await using controller = await FleetController.start('.', new FleetPlan(SIZE).fleet, signal);
    await using drivers = new Drivers({ origin: controller.origin, protocol, size: SIZE }, [0, 1, 2, 3]);
    await controller.untilDecided(signal);
    await expect.poll(async () => (await drivers.look()).listening).toBe(SIZE.nodes);
    const before = await drivers.look();
    const read: number[] = [];
    const look = async (): Promise<FleetFigures> => {
      const figures = await drivers.look();
      read.push(...figures.read);
      return figures;
    };
    await expect.poll(async () => (await look()).reports).toBeGreaterThan(before.reports + 60);
    // Lines of the version before are counted, not read.
    if (protocol === 'v2') await expect.poll(async () => (await look(), read.length)).toBeGreaterThan(0);
    const { refused, broken, unsound, listening, bytesIn } = await look();
    expect({ refused, broken, unsound, listening }).toEqual({
      refused: before.refused,
      broken: before.broken,
      unsound: 0,
      listening: SIZE.nodes,
    });
    expect(bytesIn).toBeGreaterThan(0);
  });
});
