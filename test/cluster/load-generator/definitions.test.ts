/** The custom resources of load tests on a real API server: what it refuses and why, and what it fills in. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  REQUEST_RULES,
  type RequestSpec,
  withRequestDefaults,
} from '../../../tools/load-generator/operator/api/request.ts';
import { type ApiServer, startApiServer } from '../api-server/api-server.ts';

const CRDS = join(import.meta.dirname, '../../../istio-configs/load-generator/base/crds');

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
  await server.kubectl(['apply', '--filename', CRDS]);
  for (const plural of ['loadgenrequests', 'loadgenresults']) {
    await server.kubectl(['wait', '--for=condition=established', `crd/${plural}.loadgen.ballast.dev`]);
  }
});

afterAll(async () => server?.[Symbol.asyncDispose]());

function request(name: string, spec: object): string {
  const object = { apiVersion: 'loadgen.ballast.dev/v1alpha1', kind: 'LoadgenRequest', metadata: { name }, spec };
  return JSON.stringify(object);
}

/** Nothing is kept. */
function tried(spec: object): Promise<string> {
  return server.kubectl(['create', '--dry-run=server', '--validate=strict', '--filename', '-'], request('tried', spec));
}

const [tooFast, tooLong, twice, changed] = REQUEST_RULES.map(({ message }) => message);

test.each([
  ['its Service alone', { serviceName: 'search' }],
  ['as much as may be', { serviceName: 'search', targetQps: 100, durationSeconds: 300, maxOutstanding: 1000 }],
  ['a path with a query', { serviceName: 'search', path: '/hotels?inDate=2015-04-09&lat=38' }],
  ['a mix', { serviceName: 'search', mix: 'hotel', port: 80, ttlSecondsAfterFinished: 0 }],
])('a request with %s is taken', async (_case, spec) => {
  expect(await tried(spec)).toContain('created');
});

test.each([
  ['more than 100 requests per second', { targetQps: 101 }, `spec.targetQps: Invalid value: `, tooFast],
  ['more than 300 s', { durationSeconds: 301 }, `spec.durationSeconds: Invalid value: `, tooLong],
  ['both path and mix', { path: '/', mix: 'hotel' }, `spec.mix: Invalid value: `, twice],
  ['no requests', { targetQps: 0 }, 'spec.targetQps', 'greater than or equal to 1'],
  ['no time', { durationSeconds: 0 }, 'spec.durationSeconds', 'greater than or equal to 1'],
  ['nothing outstanding', { maxOutstanding: 0 }, 'spec.maxOutstanding', 'greater than or equal to 1'],
  ['too much outstanding', { maxOutstanding: 1001 }, 'spec.maxOutstanding', 'less than or equal to 1000'],
  ['a host for a Service', { serviceName: 'search.shop.svc' }, 'spec.serviceName', 'should match'],
  ['no Service', { serviceName: '' }, 'spec.serviceName', 'should be at least 1 chars long'],
  ['a path that is none', { path: 'hotels' }, 'spec.path', 'should match'],
  ['no port', { port: 65_536 }, 'spec.port', 'less than or equal to 65535'],
  ['a misspelt field', { targetQPS: 4 }, 'spec.targetQPS', 'unknown field'],
])('a request with %s is refused, with what is wrong', async (_case, spec, field, says) => {
  const refusal = await tried({ serviceName: 'search', ...spec }).catch(String);
  expect(refusal).toContain(field);
  expect(refusal).toContain(says ?? 'a rule');
});

test('a request gets what it leaves out', async () => {
  await server.kubectl(['create', '--filename', '-'], request('short', { serviceName: 'search' }));
  const { spec } = JSON.parse(await server.kubectl(['get', 'lgreq', 'short', '-o', 'json'])) as { spec: RequestSpec };
  expect(spec).toEqual(withRequestDefaults({ serviceName: 'search' }));
  expect(spec).toMatchObject({ targetQps: 4, durationSeconds: 60, maxOutstanding: 10 });
});

test('what was asked for cannot be changed; applying it again changes nothing', async () => {
  const text = request('fixed', { serviceName: 'search', targetQps: 5 });
  await server.kubectl(['apply', '--filename', '-'], text);
  expect(await server.kubectl(['apply', '--filename', '-'], text)).toContain('unchanged');
  const patch = ['patch', 'lgreq', 'fixed', '--type=merge', '--patch', '{"spec":{"targetQps":6}}'];
  await expect(server.kubectl(patch)).rejects.toThrow(changed);
});
