import { Compile } from 'typebox/compile';
import { expect, it } from 'vitest';
import { boundedErrors } from '../../contract/bounded-errors.ts';
import { describeFieldErrors } from '../../contract/field-errors.ts';
import { NodeReport } from '../../contract/node-report.ts';
import { AgentReport } from '../../contract/report.ts';

const MANY = 100_000;
const CPU = { cores: 1, busySeconds: 1, stealSeconds: 0 };
const OLD = { node: 'a', instance: 'i', sequence: 1, monotonicMs: 1, cpu: CPU, replicas: [], proxies: [] };
const NEW = { node: 'a', instance: 'i', sequence: 1, monotonicMs: 1, cpu: [1, 1, 0], held: 0, used: 0 };
const PROXY = { namespace: 'n', pod: 'p', instance: 'i', sequence: 1, tableVersion: 0, fallbacks: 0, called: [] };
const manyFields = Object.fromEntries(Array.from({ length: MANY }, (_, index) => [`k${index}`, 0]));
const manyNumbers = Array.from({ length: MANY }, () => 0);

it('gives a small value the errors of TypeBox', () => {
  for (const value of [{ ...OLD, node: '' }, { ...OLD, proxies: [{ ...PROXY, called: [{}] }] }, { more: 1 }, null, 3]) {
    expect(boundedErrors(AgentReport, value)).toEqual(Compile(AgentReport).Errors(value));
  }
});

it.each([
  ['a list that is too long', { ...OLD, replicas: manyNumbers }, 'replicas: must not have more than 1000 items'],
  ['the first wrong item', { ...OLD, proxies: [PROXY, { ...PROXY, called: manyNumbers }] }, 'proxies[1].called[0]: '],
  ['an unknown field', { ...OLD, ...manyFields }, 'k0: is not a known field'],
  ['a missing field', manyFields, 'body: must have required properties node'],
  ['a list in place of an object', manyNumbers, 'body: not of the expected form'],
  ['an object in place of a list', { ...OLD, proxies: manyFields }, 'proxies: not of the expected form'],
])('narrows a large value to %s', (_what, value, message) => {
  const errors = boundedErrors(AgentReport, value);
  expect(errors).toHaveLength(1);
  expect(describeFieldErrors(errors, 'body').startsWith(message)).toBe(true);
});

it('names the field of a large report of sums', () => {
  const errors = boundedErrors(NodeReport, { ...NEW, pods: manyNumbers });
  expect(describeFieldErrors(errors, 'body')).toMatch(/^pods: must not have more than \d+ items$/);
});

it('takes a value that is nested deeply', () => {
  const deep: unknown = JSON.parse('['.repeat(MANY) + ']'.repeat(MANY));
  expect(describeFieldErrors(boundedErrors(AgentReport, { ...OLD, node: deep }), 'body')).toMatch(/^node: /);
});

it('visits no item of a list that is too long', () => {
  const visited: number[] = [];
  const items = Object.defineProperty(manyNumbers.slice(), MANY - 1, { get: () => visited.push(MANY - 1) });
  expect(boundedErrors(AgentReport, { ...OLD, replicas: items })).toHaveLength(1);
  expect(visited).toEqual([]);
});

it('describes a field with a very long name in a short line', () => {
  const errors = boundedErrors(AgentReport, { ...OLD, ['k'.repeat(MANY)]: 1 });
  expect(describeFieldErrors(errors, 'body').length).toBeLessThan(600);
});
