/** The cluster's certificate authority and the identities of its components (openssl). */
import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { API_SERVER, API_SERVICE_ADDRESS, type NodeSettings, addressOf } from '../settings.ts';
import type { LabFolder } from '../state/lab-folder.ts';
import { run } from '../../machine/command.ts';

const DAYS = '3650';
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256', '-days', DAYS];

interface Identity {
  /** Name of its files. */
  readonly file: string;
  readonly user: string;
  readonly group?: string;
  /** Names and addresses that it serves, in the form of openssl: `DNS:…`, `IP:…`. */
  readonly serves?: readonly string[];
}

const API_SERVER_NAMES = [
  `IP:${new URL(API_SERVER).hostname}`,
  `IP:${API_SERVICE_ADDRESS}`,
  'IP:127.0.0.1',
  'DNS:localhost',
  'DNS:kubernetes',
  'DNS:kubernetes.default',
  'DNS:kubernetes.default.svc',
  'DNS:kubernetes.default.svc.cluster.local',
];

/** Components, with the user names that the API server's built-in RBAC roles expect. */
const COMPONENTS: readonly Identity[] = [
  { file: 'apiserver', user: 'kube-apiserver', serves: API_SERVER_NAMES },
  { file: 'kubelet-client', user: 'kube-apiserver-kubelet-client', group: 'system:masters' },
  { file: 'admin', user: 'admin', group: 'system:masters' },
  { file: 'controller-manager', user: 'system:kube-controller-manager' },
  { file: 'scheduler', user: 'system:kube-scheduler' },
  { file: 'proxy', user: 'system:kube-proxy' },
];

/** Name of a node's files below `pki`. */
export function nodeIdentity(node: NodeSettings): string {
  return `node-${node.name}`;
}

/** A kubelet serves its node's name and address. Requests to kubelets use the address. */
function identityOf(node: NodeSettings): Identity {
  return {
    file: nodeIdentity(node),
    user: `system:node:${node.name}`,
    group: 'system:nodes',
    serves: [`DNS:${node.name}`, `IP:${addressOf(node)}`],
  };
}

async function createAuthority(folder: string): Promise<void> {
  await run('openssl', [
    'req',
    '-x509',
    ...NEW_KEY,
    '-subj',
    '/CN=ballast-lab',
    '-keyout',
    join(folder, 'ca.key'),
    '-out',
    join(folder, 'ca.crt'),
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign,digitalSignature',
  ]);
}

async function createIdentity(folder: string, { file, user, group, serves }: Identity): Promise<void> {
  const subject = group === undefined ? `/CN=${user}` : `/O=${group}/CN=${user}`;
  const names = serves === undefined ? [] : ['-addext', `subjectAltName=${serves.join(',')}`];
  await run('openssl', [
    'req',
    '-x509',
    ...NEW_KEY,
    '-subj',
    subject,
    '-CA',
    join(folder, 'ca.crt'),
    '-CAkey',
    join(folder, 'ca.key'),
    '-keyout',
    join(folder, `${file}.key`),
    '-out',
    join(folder, `${file}.crt`),
    '-addext',
    'basicConstraints=critical,CA:false',
    '-addext',
    'extendedKeyUsage=clientAuth,serverAuth',
    ...names,
  ]);
}

async function base64Of(path: string): Promise<string> {
  return (await readFile(path)).toString('base64');
}

async function writeKubeconfig(path: string, folder: string, user: string): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'ballast-lab',
        cluster: { server: API_SERVER, 'certificate-authority-data': await base64Of(join(folder, 'ca.crt')) },
      },
    ],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': await base64Of(join(folder, `${user}.crt`)),
          'client-key-data': await base64Of(join(folder, `${user}.key`)),
        },
      },
    ],
    contexts: [{ name: 'ballast-lab', context: { cluster: 'ballast-lab', user } }],
    'current-context': 'ballast-lab',
  };
  await writeFile(path, stringify(config), { mode: 0o600 });
}

/** Makes authority, keys and certificates below `pki`, and a kubeconfig for each client and for the administrator. */
export async function createCertificates(folder: LabFolder, nodes: readonly NodeSettings[]): Promise<void> {
  const pki = folder.folder('pki');
  await createAuthority(pki);
  const identities = [...COMPONENTS, ...nodes.map(identityOf)];
  await Promise.all(
    identities.map(async (identity) => {
      await createIdentity(pki, identity);
      await writeKubeconfig(join(pki, `${identity.file}.kubeconfig`), pki, identity.file);
    }),
  );
  await writeKubeconfig(folder.kubeconfig, pki, 'admin');
  const serviceAccounts = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await writeFile(join(pki, 'service-accounts.key'), serviceAccounts.privateKey, { mode: 0o600 });
  await writeFile(join(pki, 'service-accounts.pub'), serviceAccounts.publicKey);
}
