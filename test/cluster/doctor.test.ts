import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { CheckResult } from '../../central-controller/cli/doctor/diagnose.ts';
import { ballast } from '../central-controller/cli/ballast-process.ts';
import { type ApiServer, startApiServer } from './api-server/api-server.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
});

afterAll(() => server[Symbol.asyncDispose]());

async function findings(): Promise<{ code: number; checks: Record<string, string> }> {
  const { code, out, err } = await ballast(['doctor', '--kubeconfig', server.kubeconfig, '--json']);
  expect(err).toBe('');
  const { findings: found } = JSON.parse(out) as { findings: CheckResult[] };
  return { code, checks: Object.fromEntries(found.map(({ check, level }) => [check, level])) };
}

test('ballast doctor reads a real API server and finds what an empty cluster lacks', async () => {
  expect(await findings()).toEqual({
    code: 5,
    checks: { Kubernetes: 'ok', Istio: 'error', controller: 'error', agents: 'ok', plugin: 'error', policies: 'error' },
  });
  await server.kubectl(['apply', '--server-side', '-f', 'istio-configs/base/crds']);
  await server.kubectl(['wait', '--for=condition=Established', 'crd/loadbalancingpolicies.ballast.dev']);
  // The API server needs a moment more before it answers for a new kind.
  await vi.waitFor(async () => expect((await findings()).checks).toMatchObject({ policies: 'warning' }), 20_000);
});
