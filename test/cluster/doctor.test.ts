import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { parse } from 'yaml';
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

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: object }];
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}

test('ballast doctor logs in by a program that a context of the second of two files names', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ballast-doctor-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const own = parse(await readFile(server.kubeconfig, 'utf8')) as Kubeconfig;
  const status = { token: own.users[0].user.token };
  const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status };
  await writeFile(join(folder, 'login'), `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
  await chmod(join(folder, 'login'), 0o755);
  const exec = { apiVersion: credential.apiVersion, command: './login', interactiveMode: 'Never' };
  const second = {
    contexts: [{ name: 'two', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: own.clusters[0].cluster }],
    users: [{ name: 'u', user: { exec } }],
  };
  await writeFile(join(folder, 'first'), JSON.stringify({ 'current-context': 'one' }));
  await writeFile(join(folder, 'second'), JSON.stringify(second));
  vi.stubEnv('KUBECONFIG', [join(folder, 'first'), join(folder, 'second')].join(delimiter));
  onTestFinished(() => void vi.unstubAllEnvs());
  const { out, err } = await ballast(['doctor', '--context', 'two', '--json']);
  expect(err).toBe('');
  expect(JSON.parse(out)).toMatchObject({ findings: [{ check: 'Kubernetes', level: 'ok' }, {}, {}, {}, {}, {}] });
});
