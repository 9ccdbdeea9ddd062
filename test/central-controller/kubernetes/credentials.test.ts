import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { inClusterCredentials, kubeconfigCredentials } from '../../../central-controller/kubernetes/credentials.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-credentials-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function kubeconfig(user: object, cluster: object = { server: 'https://10.0.0.1:6443/' }): string {
  return write(
    'config',
    JSON.stringify({
      'current-context': 'here',
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
    }),
  );
}

test('a kubeconfig with files beside it', () => {
  write('ca.crt', 'CA');
  write('token', 'secret\n');
  const cluster = { server: 'https://10.0.0.1:6443/', 'certificate-authority': 'ca.crt' };
  const credentials = kubeconfigCredentials(kubeconfig({ tokenFile: 'token' }, cluster));
  expect(credentials).toMatchObject({ server: 'https://10.0.0.1:6443', ca: 'CA', namespace: 'shop' });
  expect(credentials.token?.()).toBe('secret');
});

test('a kubeconfig with everything in it', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const user = { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') };
  const cluster = { server: 'https://k:6443', 'certificate-authority-data': base64('CA') };
  expect(kubeconfigCredentials(kubeconfig(user, cluster))).toEqual({
    server: 'https://k:6443',
    ca: 'CA',
    cert: 'CERT',
    key: 'KEY',
    namespace: 'shop',
  });
});

test("a pod's service account", () => {
  write('ca.crt', 'CA');
  write('token', 'secret');
  write('namespace', 'ballast-system');
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
  const credentials = inClusterCredentials(env, folder);
  expect(credentials).toMatchObject({ server: 'https://[fd00::1]:6443', ca: 'CA', namespace: 'ballast-system' });
  expect(credentials.token?.()).toBe('secret');
});

test.each([
  ['a program to log in', { exec: { command: 'aws' } }, undefined, /users\.u: needs a program to log in/],
  ['a file that is not there', { tokenFile: 'nowhere' }, undefined, /no such file/],
  ['an address of another kind', {}, { server: 'unix:///x' }, /clusters\[0\]\.cluster\.server/],
])('%s is refused by its name', (_, user, cluster, complaint) => {
  const path = kubeconfig(user, cluster);
  expect(() => kubeconfigCredentials(path)).toThrow(complaint);
  expect(() => kubeconfigCredentials(path)).toThrow(expect.objectContaining({ code: 'INVALID_FLAG' }));
});

test('a process outside of any cluster is told what to do', () => {
  expect(() => inClusterCredentials({}, folder)).toThrow('not in a pod of a cluster: name a --kubeconfig');
});
