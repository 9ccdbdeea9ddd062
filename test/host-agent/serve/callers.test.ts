import { expect, test } from 'vitest';
import { Callers } from '../../../host-agent/serve/callers.ts';

test('an address of which nothing was heard may be that of a caller', () => {
  expect(new Callers().onlyServes('10.0.0.1', 0)).toBe(false);
});

test('who posts without calls only serves, from the first post on', () => {
  const callers = new Callers();
  callers.heard('10.0.0.1', false, 0);
  expect(callers.onlyServes('10.0.0.1', 0)).toBe(true);
  expect(callers.onlyServes('10.0.0.2', 0)).toBe(false);
});

test('the calls of one of several VMs at an address count for a minute', () => {
  const callers = new Callers();
  callers.heard('10.0.0.1', true, 1_000);
  callers.heard('10.0.0.1', false, 2_000);
  expect(callers.onlyServes('10.0.0.1', 61_000)).toBe(false);
  expect(callers.onlyServes('10.0.0.1', 61_001)).toBe(true);
});

test('of too many addresses the one that was silent for longest is forgotten', () => {
  const callers = new Callers();
  for (let count = 0; count < 4000; count++) callers.heard(`address ${count}`, false, 0);
  callers.heard('address 0', false, 1);
  callers.heard('another', false, 1);
  const forgotten = ['address 0', 'address 1', 'address 2', 'another'].filter((each) => !callers.onlyServes(each, 1));
  expect(forgotten).toEqual(['address 1']);
});
