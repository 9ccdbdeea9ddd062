import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import type { Explanation } from '../../../contract/explanation.ts';
import { createLoop, runTraffic, serviceTopology, topologyOf } from '../fixtures.ts';
import { ballast } from './ballast-process.ts';

let app: FastifyInstance;
let address: string;

beforeAll(async () => {
  const test = createLoop(
    topologyOf(
      serviceTopology(),
      serviceTopology({ namespace: 'inn', replicas: [] }),
      serviceTopology({ name: 'rate' }),
    ),
  );
  app = await createServer(test.loop);
  test.loop.start();
  runTraffic(test, 5);
  address = await app.listen({ host: '127.0.0.1', port: 0 });
});

afterAll(() => app.close());

function explain(...args: string[]) {
  return ballast(['explain', '--controller', address, ...args]);
}

describe('ballast explain', () => {
  it('shows the replicas of a service in a table', async () => {
    const { code, out } = await explain('hotel/geo');
    expect(code).toBe(0);
    expect(out).toMatch(/^hotel\/geo is balanced\. These weights are in force\.\n/);
    expect(out).toMatch(/geo-1\s+│ node-2\s+│ active\s+│ 50/);
  });

  it('explains the weight of one replica', async () => {
    const { code, out } = await explain('hotel/geo-0');
    expect(code).toBe(0);
    expect(out).toContain(
      'hotel/geo-0, replica of geo on node-1: active\n  - Its CPU cost and its node’s free CPU are known',
    );
    expect(out).toMatch(/busy on node-1\s+│ +0\.50 of 1\.00 cores/);
  });

  it('prints the explanation of an earlier tick as JSON', async () => {
    const { out } = await explain('hotel/geo-0', '--tick', '0', '--json');
    const explanation = JSON.parse(out) as Explanation;
    expect(explanation).toMatchObject({ tick: 0, replica: { name: 'geo-0', state: 'Learning' } });
  });

  it.each([
    [['geo'], 2, 'geo: several have this name: write hotel/geo or inn/geo [INVALID_REQUEST]'],
    [['profile'], 4, 'profile: no balanced service or replica has this name [UNKNOWN_SERVICE] GET /api/v1/services'],
    [['rate', '--tick', '9999'], 4, 'tick: 9999 is not among the recent decisions [UNKNOWN_DECISION]'],
    [['rate', '--controller', 'http://127.0.0.1:1'], 3, 'no controller answers at http://127.0.0.1:1 ('],
    [['rate', '--controller', 'nowhere'], 2, '--controller: nowhere is not an http:'],
  ])('%j is refused', async (args, exit, message) => {
    const { code, out, err } = await explain(...args);
    expect({ code, out }).toEqual({ code: exit, out: '' });
    expect(err).toContain(message);
  });
});
