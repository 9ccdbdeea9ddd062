/** Who may call the API server of a test: tokens, the key that service accounts are signed with, kubeconfig files. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

export interface User {
  readonly name: string;
  readonly groups?: readonly string[];
}

/** Writes the API server's file of static tokens; the users' tokens by name. */
export async function writeTokens(path: string, users: readonly User[]): Promise<ReadonlyMap<string, string>> {
  const tokens = new Map(users.map(({ name }) => [name, randomUUID()]));
  const lines = users.map(({ name, groups = [] }) => `${tokens.get(name)},${name},${name},"${groups.join(',')}"`);
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  return tokens;
}

/** Writes `sa.key` and `sa.pub`, which tokens of service accounts are signed and checked with. */
export async function writeServiceAccountKeys(folder: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await writeFile(join(folder, 'sa.key'), privateKey, { mode: 0o600 });
  await writeFile(join(folder, 'sa.pub'), publicKey);
}

export interface Access {
  /** `https://address:port` */
  readonly server: string;
  /** File with the certificate authority of the server. */
  readonly certificateAuthority: string;
  readonly token: string;
}

export async function writeKubeconfig(path: string, { server, certificateAuthority, token }: Access): Promise<void> {
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': certificateAuthority } }],
    users: [{ name: 'user', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'user' } }],
    'current-context': 'test',
  };
  await writeFile(path, stringify(kubeconfig), { mode: 0o600 });
}
