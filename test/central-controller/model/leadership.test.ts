import { describe, expect, it, vi } from 'vitest';
import { decisionAnswer } from '../../../central-controller/api/old-names.ts';
import { createServer } from '../../../central-controller/api/server.ts';
import { createLoop, FakeLeadership, nodeReport, runTraffic, serviceTopology, topologyOf } from '../fixtures.ts';
import { packed } from '../history/packed.ts';

function following() {
  const leadership = new FakeLeadership();
  const test = createLoop(topologyOf(serviceTopology()), leadership);
  return { ...test, leadership };
}

describe('one of several controllers', () => {
  it('decides nothing and takes no reports while another one leads', () => {
    const { loop, clock, cluster } = following();
    loop.start();
    cluster.change(loop.state.topology);
    clock.advance(1_000);
    expect([loop.state.decision, clock.pending]).toEqual([undefined, 0]);
    expect(loop.accept(nodeReport('node-1', 1))).toEqual({
      ok: false,
      failure: { code: 'NOT_LEADER', message: 'controller: this one does not lead, another does' },
    });
  });

  it('begins when it comes to lead, without what it knew when it last did', () => {
    const test = following();
    test.loop.start();
    test.leadership.set(true);
    runTraffic(test, 5);
    const { version } = test.loop.state.published;
    expect(version).toBeGreaterThan(0);
    test.leadership.set(false);
    expect(test.loop.state.decision).toBeUndefined();
    test.clock.advance(60_000);
    test.leadership.set(true);
    expect(test.loop.state.lastSeen('node-1')).toBeUndefined();
    expect(test.loop.state.decision?.services[0]?.replicas.map(({ state }) => state)).toEqual(['Learning', 'Learning']);
    runTraffic(test, 5, 100, 21);
    expect(test.loop.state.published.version).toBeGreaterThan(version);
  });

  it('numbers its decisions on when it leads again', async () => {
    const test = following();
    const app = await createServer(test.loop);
    test.loop.start();
    test.leadership.set(true);
    runTraffic(test, 5);
    const before = test.loop.state.decision ?? expect.fail();
    test.leadership.set(false);
    test.clock.advance(3_000);
    test.leadership.set(true);
    runTraffic(test, 5, 100, 21);
    const { decisions } = test.loop.state.history;
    expect(decisions.map(({ tick }) => tick)).toEqual(decisions.map((_, index) => index));
    expect((await app.inject(`/api/v1/decisions/${before.tick}`)).json()).toEqual(decisionAnswer(packed(before)));
    await app.close();
  });

  it.each([
    ['another one led meanwhile', 'another', 0],
    ['it was only not sure of its lead', 'this one', 1],
    ['nobody led', undefined, 1],
  ])('leads again, and what was set by hand holds or not: %s', (_case, leader, held) => {
    const test = following();
    const { loop, clock, leadership } = test;
    loop.start();
    leadership.set(true);
    runTraffic(test, 5);
    loop.pauses.set({ reason: 'a look' }, loop.state.decision, clock.now());
    const expiresAt = clock.now() + 3_600_000;
    loop.manual.set({ namespace: 'hotel', service: 'geo', replica: 'geo-0', weight: 0.9, expiresAt }, clock.now());
    leadership.other = leader;
    leadership.set(false);
    clock.advance(3_000);
    leadership.other = undefined;
    leadership.set(false);
    leadership.set(true);
    expect([loop.pauses.list(clock.now()), loop.manual.list(clock.now())].map(({ length }) => length)).toEqual([
      held,
      held,
    ]);
  });

  it('lets its agents go when it leads no more', () => {
    const { loop, leadership } = following();
    loop.start();
    leadership.set(true);
    const agent = { node: 'node-1', write: vi.fn(() => true), close: vi.fn() };
    loop.publisher.subscribe(agent, loop.state.clock.now());
    leadership.set(false);
    expect(agent.close).toHaveBeenCalledOnce();
  });

  it('publishes nothing after its time, though nobody told it so', () => {
    const { loop, clock, leadership } = following();
    loop.start();
    leadership.set(true);
    const agent = { node: 'node-1', write: vi.fn(() => true), close: vi.fn() };
    loop.publisher.subscribe(agent, loop.state.clock.now());
    const lines = agent.write.mock.calls.length;
    leadership.set(false, true);
    expect(loop.state.isLeading).toBe(false);
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
