import { expect, onTestFinished, test } from 'vitest';
import { failure, type Result, success } from '../../../../contract/result.ts';
import type { LoadgenRequest } from '../../../../tools/load-generator/operator/api/request.ts';
import { Operator } from '../../../../tools/load-generator/operator/operator.ts';
import type { RunState, Seen } from '../../../../tools/load-generator/operator/plan/plan.ts';
import type { Run } from '../../../../tools/load-generator/operator/run/load-run.ts';
import { CREATED, ENDED, MEASURED, MIXES, request, running, service, withStatus } from './made-up.ts';

/** An operator whose cluster takes or refuses writes, and whose loads do nothing. */
function setUp(...requests: readonly LoadgenRequest[]) {
  const world = { mayAct: true, accepts: true, seen: { requests, services: [service('search')] } as Seen | undefined };
  const log: string[] = [];
  const troubles: string[] = [];
  const write = async (what: string): Promise<Result<undefined>> => {
    log.push(world.accepts ? what : `refused: ${what}`);
    return world.accepts ? success(undefined) : failure('CLUSTER_UNREACHABLE', 'no answer');
  };
  /** Ends the load that was begun last. */
  let endRun = (): void => {};
  const startRun = ({ metadata }: LoadgenRequest): Run => {
    let state: RunState = running(0);
    endRun = () => {
      state = ENDED;
    };
    log.push(`begin ${metadata.name}`);
    return {
      get state() {
        return state;
      },
      interrupt: async () => {
        if (state.phase === 'ended') return;
        state = { phase: 'ended', measured: { ...MEASURED, outcome: 'Interrupted' } };
        log.push(`interrupt ${metadata.name}`);
      },
    };
  };
  const operator = new Operator({
    seen: () => world.seen,
    writer: {
      writeStatus: ({ metadata }, status) => {
        world.seen = world.accepts ? told(world.seen, metadata.uid, status) : world.seen;
        return write(`status ${metadata.name} ${status.phase}`);
      },
      writeResult: ({ metadata }, { outcome }) => write(`result ${metadata.name} ${outcome}`),
      delete: ({ metadata }) => write(`delete ${metadata.name}`),
    },
    mixes: MIXES,
    startRun,
    mayAct: () => world.mayAct,
    now: () => CREATED,
    onTrouble: ({ code, message }) => troubles.push(`${code} ${message}`),
  });
  onTestFinished(() => operator.close());
  /** One round, and what it did. */
  const round = async (): Promise<string[]> => {
    log.length = 0;
    await operator.poke();
    return [...log];
  };
  return { world, operator, round, log, troubles, endRun: () => endRun() };
}

function told(seen: Seen | undefined, uid: string, status: LoadgenRequest['status'] & object): Seen | undefined {
  const requests = seen?.requests.map((each) => (each.metadata.uid === uid ? withStatus(each, status) : each));
  return seen && requests && { ...seen, requests };
}

test('a load begins only once it is written that it does', async () => {
  const { world, round, troubles } = setUp(request('a'));
  world.accepts = false;
  expect(await round()).toEqual(['refused: status a Running']);
  expect(await round()).toEqual(['refused: status a Running']);
  // Said once, not each second.
  expect(troubles).toEqual(['CLUSTER_UNREACHABLE no answer']);
  world.accepts = true;
  expect(await round()).toEqual(['status a Running', 'begin a']);
});

test('a result that cannot be written is kept until it can, and the status names it only then', async () => {
  const { world, round, endRun } = setUp(request('a'));
  await round();
  endRun();
  world.accepts = false;
  expect(await round()).toEqual(['refused: result a Completed']);
  world.accepts = true;
  expect(await round()).toEqual(['result a Completed', 'status a Succeeded']);
  expect(await round()).toEqual([]);
});

test('who may not act does nothing; loads go on until another one acts', async () => {
  const { world, operator, round, log } = setUp(request('a'), request('b', { serviceName: 'geo' }));
  await round();
  world.mayAct = false;
  world.seen = { requests: world.seen?.requests ?? [], services: [service('search'), service('geo')] };
  expect(await round()).toEqual([]);
  operator.abandon();
  expect(log).toEqual(['interrupt a']);
  world.mayAct = true;
  expect(await round()).toEqual(['status a Failed', 'status b Running', 'begin b']);
});

test('nothing is done before everything was seen', async () => {
  const { world, round } = setUp(request('a'));
  const seen = world.seen;
  world.seen = undefined;
  expect(await round()).toEqual([]);
  world.seen = seen;
  expect(await round()).toEqual(['status a Running', 'begin a']);
});

test('at its end it stops its loads, writes what they measured, and begins no other', async () => {
  const { world, operator, round, log } = setUp(request('a'));
  await round();
  log.length = 0;
  world.seen = { requests: [...(world.seen?.requests ?? []), request('b')], services: [service('search')] };
  await operator.close();
  expect(log).toEqual(['interrupt a', 'result a Interrupted', 'status a Failed']);
});

test('what it cannot plan is a defect that it tells of, and goes on', async () => {
  const { world, round, troubles } = setUp(request('a'));
  const seen = world.seen;
  world.seen = { requests: [{} as LoadgenRequest], services: [] };
  expect(await round()).toEqual([]);
  expect(troubles).toEqual([expect.stringContaining('DEFECT TypeError')]);
  world.seen = seen;
  expect(await round()).toEqual(['status a Running', 'begin a']);
});
