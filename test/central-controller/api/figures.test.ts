import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import type { NodeFigures, ReplicaFigures, Switch } from '../../../contract/time-series.ts';
import { createLoop, nodeReport, runTraffic, type TestLoop } from '../fixtures.ts';

let test: TestLoop;
let app: FastifyInstance;

beforeEach(async () => {
  test = createLoop();
  app = await createServer(test.loop);
  test.loop.start();
});

afterEach(() => app.close());

async function get<T>(url: string): Promise<T> {
  return (await app.inject({ url })).json<T>();
}

describe('the last ten minutes', () => {
  it('of nodes come page by page, a value for each time', async () => {
    runTraffic(test, 10);
    type Page = { at: number[]; nodes: NodeFigures[]; continue?: string };
    const first = await get<Page>('/api/v1/history/nodes?limit=1');
    const second = await get<Page>(`/api/v1/history/nodes?limit=1&continue=${first.continue}`);
    expect([...first.nodes, ...second.nodes].map(({ name }) => name)).toEqual(['node-1', 'node-2']);
    expect(second.continue).toBeUndefined();
    expect(first.at).toHaveLength(6);
    expect(first.nodes[0]?.utilisation).toHaveLength(6);
    expect(first.nodes[0]?.utilisation.at(-1)).toBeCloseTo(0.5, 1);
  });

  it('of a service hold each of its replicas', async () => {
    runTraffic(test, 10);
    type Page = { at: number[]; service: { requestsPerSecond: number[] }; replicas: ReplicaFigures[] };
    const { at, service, replicas } = await get<Page>('/api/v1/services/hotel/geo/history');
    expect(replicas.map(({ name }) => name)).toEqual(['geo-0', 'geo-1']);
    expect(replicas[0]?.cpuCores).toHaveLength(at.length);
    expect(replicas[0]?.weight.at(-1)).toBeCloseTo(
      test.loop.state.decision?.services[0]?.replicas[0]?.weight ?? NaN,
      5,
    );
    expect(service.requestsPerSecond.at(-1)).toBeCloseTo(200, -1);
  });

  it.each([
    ['/api/v1/services/hotel/nobody/history', 404, 'UNKNOWN_SERVICE'],
    ['/api/v1/services/hotel/geo/history?limit=101', 400, 'INVALID_REQUEST'],
    ['/api/v1/services/hotel/geo/history?continue=x', 400, 'INVALID_REQUEST'],
    ['/api/v1/history/nodes?continue=x', 400, 'INVALID_REQUEST'],
  ])('%s is refused with %i %s', async (url, status, code) => {
    expect(await get(url)).toMatchObject({ status, code });
  });

  it('hold pauses, with latency and nodes before and since', async () => {
    runTraffic(test, 30);
    await app.inject({ method: 'PUT', url: '/api/v1/services/hotel/geo/pause', payload: {} });
    runTraffic(test, 15, 100, 121);
    const { switches } = await get<{ switches: Switch[] }>('/api/v1/history/switches');
    expect(switches).toMatchObject([{ namespace: 'hotel', name: 'geo', from: 'Enforce', to: 'Paused' }]);
    expect(switches[0]?.before?.p50Seconds).toBeCloseTo(0.0034, 3);
    expect(switches[0]?.after?.busiestNode).toBeCloseTo(0.5, 1);
  });
});

it('what was found is told in words', async () => {
  for (let sequence = 1; sequence <= 4; sequence++) {
    test.loop.accept(nodeReport('node-1', sequence));
    test.clock.advance(250);
  }
  const { findings } = await get<{ findings: { reason: string; objects: string[] }[] }>('/api/v1/findings');
  expect(findings).toContainEqual(expect.objectContaining({ reason: 'AgentSilent', objects: ['node-2'] }));
  expect(findings).toContainEqual(expect.objectContaining({ reason: 'AgentNotListening', objects: ['node-1'] }));
});
