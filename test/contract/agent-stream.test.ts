/** The JSON between agent and controller: what passes its schemas, and which field an error names. */
import { Compile } from 'typebox/compile';
import { describe, expect, test } from 'vitest';
import { AssignmentLine, Subscription } from '../../contract/assignment-stream.ts';
import { describeFieldErrors } from '../../contract/field-errors.ts';
import { NodeReport } from '../../contract/node-report.ts';
import { encodeWeights } from '../../contract/weights-codec.ts';

const KEY = '8080|geo.hotel.svc.cluster.local';

const REPORT: NodeReport = {
  node: 'worker-1',
  instance: 'a1',
  sequence: 7,
  monotonicMs: 1234.5,
  cpu: [4, 100.25, 0],
  pods: [['uid-1', 12.5, 0, null, 0.5, null]],
  gone: ['uid-2'],
  served: [['hotel/geo-0', 1200, 40, 1, 2, 3.5, 6, [1, 0, 39]]],
  called: [[KEY, 40, 1, 0, 39, 1.25]],
  calledReplicas: [[KEY, 'geo-0', 40, 1, 0, 39, 1.25]],
  ejected: [[KEY, 'geo-1', 2]],
  proxies: [['hotel/frontend-0', 2, 1, 3]],
  proxiesGone: ['hotel/frontend-1'],
  held: 9,
  used: 8,
};

const LINE: AssignmentLine = {
  version: 9,
  validForMs: 10_000,
  epoch: 3,
  services: [
    {
      id: 0,
      key: KEY,
      version: 9,
      routing: 'Endpoint',
      pinning: false,
      replicas: [['geo-0', '10.0.0.1:8080']],
      weights: encodeWeights([1]),
    },
  ],
  weights: [[1, encodeWeights([0.25, 0.75])]],
  unbalanced: ['80|other.hotel.svc.cluster.local'],
  cpu: [{ uid: 'uid-1', shares: 512 }],
  utilisation: [['hotel/geo-0', 0.4]],
  detail: [KEY],
};

const SUBSCRIPTION: Subscription = { node: 'worker-1', instance: 'a1', epoch: 3, services: [[KEY, 9]] };

const report = Compile(NodeReport);
const line = Compile(AssignmentLine);
const subscription = Compile(Subscription);

test('a report of every kind of row passes, and so does one in which nothing changed', () => {
  expect(report.Errors(REPORT)).toEqual([]);
  const { node, instance, sequence, monotonicMs, cpu, held, used } = REPORT;
  expect(report.Errors({ node, instance, sequence, monotonicMs, cpu, held, used })).toEqual([]);
});

test('a line of every kind passes, and so does a heartbeat', () => {
  expect(line.Errors(LINE)).toEqual([]);
  expect(line.Errors({ version: 1, validForMs: 10_000 })).toEqual([]);
});

test('a subscription passes, of everything, too', () => {
  expect(subscription.Errors(SUBSCRIPTION)).toEqual([]);
  expect(subscription.Errors({ ...SUBSCRIPTION, epoch: 0, all: true, services: [] })).toEqual([]);
});

describe('an error names the field and its place in the row', () => {
  test.each([
    ['pods[0][1]', report, { ...REPORT, pods: [['uid-1', -1, 0, null, null, null]] }],
    ['pods[0]', report, { ...REPORT, pods: [['uid-1', 1]] }],
    ['served[0][6]', report, { ...REPORT, served: [['hotel/geo-0', 1, 1, 1, 1, 1, 40, []]] }],
    ['called[0][0]', report, { ...REPORT, called: [['', 1, 1, 1, 1, 1]] }],
    ['ejected[0][2]', report, { ...REPORT, ejected: [[KEY, 'geo-0', 0]] }],
    ['extra', report, { ...REPORT, extra: 1 }],
    ['services[0].key', line, { ...LINE, services: LINE.services?.map((each) => ({ ...each, key: 'x' })) }],
    ['weights[0][1]', line, { ...LINE, weights: [[1, 2]] }],
    ['validForMs', line, { ...LINE, validForMs: 0 }],
    ['services[0][1]', subscription, { ...SUBSCRIPTION, services: [[KEY, -1]] }],
  ])('%s', (field, schema, value) => {
    expect(describeFieldErrors(schema.Errors(value), 'root')).toMatch(new RegExp(`^${RegExp.escape(field)}: `));
  });
});
