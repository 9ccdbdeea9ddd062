/** The command line logs in as kubectl does, with a real login program. */
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { EXIT_CODES } from '../../../central-controller/cli/exit-codes.ts';
import { ballast } from './ballast-process.ts';

const LOGIN = `#!${process.execPath}
const { apiVersion } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
console.log(JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token: 'from-the-program' } }));
`;

test('ballast doctor, with a context of the second of two files that logs in by a program', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-login-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const seen = new Set<string>();
  const server = createServer(({ headers, url = '' }, response) => {
    seen.add(`${headers.authorization} ${url.split('?')[0]}`);
    const body = url.endsWith('/version') ? { gitVersion: 'v1.34.1' } : { items: [] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/k8s/clusters/c-1`;
  writeFileSync(join(folder, 'login'), LOGIN);
  chmodSync(join(folder, 'login'), 0o755);
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './login', interactiveMode: 'Never' };
  const second = {
    contexts: [{ name: 'two', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: url } }],
    users: [{ name: 'u', user: { exec } }],
  };
  writeFileSync(join(folder, 'first'), JSON.stringify({ 'current-context': 'one', users: null }));
  writeFileSync(join(folder, 'second'), JSON.stringify(second));
  vi.stubEnv('KUBECONFIG', [join(folder, 'missing'), join(folder, 'first'), join(folder, 'second')].join(delimiter));
  onTestFinished(() => void vi.unstubAllEnvs());
  const { code, out, err } = await ballast(['doctor', '--context', 'two']);
  expect(err).toBe('');
  expect(out).toContain('v1.34.1');
  expect(code).toBe(EXIT_CODES.unfit.code);
  expect([...seen]).toContain('Bearer from-the-program /k8s/clusters/c-1/api/v1/nodes');
  expect([...seen].filter((line) => !line.startsWith('Bearer from-the-program '))).toEqual([]);
  expect((await ballast(['doctor'])).err).toContain('contexts: there is none named one (there are: two)');
});
