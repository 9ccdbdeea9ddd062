import { describe, expect, it, vi } from 'vitest';
import { createServer } from '../../central-controller/api/server.ts';
import { createLoop, FakeLeadership, report, runTraffic, topologyOf, serviceTopology } from './fixtures.ts';

function following() {
  const leadership = new FakeLeadership();
  const test = createLoop(topologyOf(serviceTopology()), leadership);
  return { ...test, leadership };
}

describe('one of several controllers', () => {
  it('decides nothing and takes no reports while another one leads', () => {
    const { loop, clock, cluster } = following();
    loop.start();
    cluster.change(loop.topology);
    clock.advance(1_000);
    expect([loop.decision, clock.pending]).toEqual([undefined, 0]);
    expect(loop.accept(report('node-1', 1))).toEqual({
      ok: false,
      failure: { code: 'NOT_LEADER', message: 'controller: this one does not lead, another does' },
    });
  });

  it('begins when it comes to lead, without what it knew when it last did', () => {
    const test = following();
    test.loop.start();
    test.leadership.set(true);
    runTraffic(test, 5);
    const { version } = test.loop.publisher;
    expect(version).toBeGreaterThan(0);
    test.leadership.set(false);
    expect(test.loop.decision).toBeUndefined();
    test.clock.advance(60_000);
    test.leadership.set(true);
    expect(test.loop.heardAt('node-1')).toBeUndefined();
    expect(test.loop.decision?.services[0]?.replicas.map(({ state }) => state)).toEqual(['Learning', 'Learning']);
    runTraffic(test, 5, 100, 21);
    expect(test.loop.publisher.version).toBeGreaterThan(version);
  });

  it('lets its agents go when it leads no more', () => {
    const { loop, leadership } = following();
    loop.start();
    leadership.set(true);
    const agent = { node: 'node-1', write: vi.fn(() => true), close: vi.fn() };
    loop.publisher.subscribe(agent, loop.clock.now());
    leadership.set(false);
    expect(agent.close).toHaveBeenCalledOnce();
  });

  it('publishes nothing after its time, though nobody told it so', () => {
    const { loop, clock, leadership } = following();
    loop.start();
    leadership.set(true);
    const agent = { node: 'node-1', write: vi.fn(() => true), close: vi.fn() };
    loop.publisher.subscribe(agent, loop.clock.now());
    const lines = agent.write.mock.calls.length;
    leadership.set(false, true);
    expect(loop.isLeading).toBe(false);
    clock.advance(2_000);
    expect(agent.write).toHaveBeenCalledTimes(lines);
    expect(agent.close).toHaveBeenCalledOnce();
  });

  it('says who leads, is ready, and answers nothing that only the leader knows', async () => {
    const { loop, leadership } = following();
    const app = await createServer(loop);
    const get = async (url: string) => {
      const { statusCode, json } = await app.inject({ url });
      return { status: statusCode, body: json<Record<string, unknown>>() };
    };
    expect(await get('/readyz')).toMatchObject({ status: 503, body: { code: 'NOT_READY' } });
    loop.start();
    expect(await get('/readyz')).toMatchObject({ status: 200 });
    expect(await get('/livez')).toMatchObject({ status: 200 });
    expect(await get('/api/v1/leader')).toEqual({
      status: 200,
      body: { leading: false, identity: 'this one', leader: 'another' },
    });
    for (const url of ['/api/v1/services', '/api/v1/nodes', '/api/v1/decisions', '/agent/v1/assignments?node=node-1']) {
      expect(await get(url)).toMatchObject({ status: 503, body: { code: 'NOT_LEADER' } });
    }
    const posted = await app.inject({ method: 'POST', url: '/agent/v1/reports', payload: 'not even JSON' });
    expect(posted.json()).toMatchObject({ status: 503, code: 'NOT_LEADER' });
    leadership.set(true);
    expect(await get('/api/v1/leader')).toMatchObject({ body: { leading: true, leader: 'this one' } });
    expect(await get('/api/v1/nodes')).toMatchObject({ status: 200 });
    expect(await get('/readyz')).toMatchObject({ status: 503, body: { code: 'NOT_READY' } });
    await app.close();
  });
});
