/** Where the API server is and who we are to it: from the pod's service account, or from a kubeconfig file. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { parseBaseAddress } from '../../contract/base-address.ts';
import { BallastError } from '../../contract/errors.ts';
import { describeFieldErrors } from '../../contract/field-errors.ts';
import { hostPort } from '../../contract/host-port.ts';

export interface Credentials {
  /** Such as `https://10.96.0.1:443`, with a path where the API server is behind a proxy. */
  readonly server: string;
  readonly ca?: string;
  /** Client certificate and its key, PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** Asked before each request: a mounted token is renewed about hourly. */
  readonly token?: () => string;
  /** Of the pod's service account, or the kubeconfig's context. */
  readonly namespace?: string;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** How long a token that was read from a file is used before it is read again, ms. */
const TOKEN_MS = 30_000;

const Named = { name: Type.String() };
const KubeConfig = Type.Object({
  'current-context': Type.String({ minLength: 1 }),
  contexts: Type.Array(
    Type.Object({
      ...Named,
      context: Type.Object({ cluster: Type.String(), user: Type.String(), namespace: Type.Optional(Type.String()) }),
    }),
  ),
  clusters: Type.Array(
    Type.Object({
      ...Named,
      cluster: Type.Object({
        server: Type.String({ pattern: '^https?://' }),
        'certificate-authority': Type.Optional(Type.String()),
        'certificate-authority-data': Type.Optional(Type.String()),
      }),
    }),
  ),
  users: Type.Array(
    Type.Object({
      ...Named,
      user: Type.Object({
        'client-certificate': Type.Optional(Type.String()),
        'client-certificate-data': Type.Optional(Type.String()),
        'client-key': Type.Optional(Type.String()),
        'client-key-data': Type.Optional(Type.String()),
        token: Type.Optional(Type.String()),
        tokenFile: Type.Optional(Type.String()),
        exec: Type.Optional(Type.Unknown()),
        'auth-provider': Type.Optional(Type.Unknown()),
      }),
    }),
  ),
});
type KubeConfig = Static<typeof KubeConfig>;

/** @throws BallastError INVALID_FLAG when this is not a pod with a service account */
export function inClusterCredentials(env: NodeJS.ProcessEnv = process.env, directory = SERVICE_ACCOUNT): Credentials {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (!host) {
    throw new BallastError('INVALID_FLAG', '--kubernetes: not in a pod of a cluster: name a --kubeconfig');
  }
  return {
    server: `https://${hostPort(host, port)}`,
    ca: read(`${directory}/ca.crt`, '--kubernetes'),
    token: tokenOf(`${directory}/token`, '--kubernetes'),
    namespace: read(`${directory}/namespace`, '--kubernetes').trim(),
  };
}

/**
 * The current context of a kubeconfig, or the one that is named. Certificates and tokens only: a controller cannot run the programs by which
 * people log in.
 * @throws BallastError INVALID_FLAG naming the file and the field
 */
export function kubeconfigCredentials(file: string, contextName?: string): Credentials {
  const config = readConfig(file);
  const context = find(config.contexts, contextName ?? config['current-context'], 'contexts', file).context;
  const { cluster } = find(config.clusters, context.cluster, 'clusters', file);
  const { user } = find(config.users, context.user, 'users', file);
  const server = parseBaseAddress(cluster.server);
  if (!server.ok) refuse(file, `clusters.${context.cluster}.server: ${server.failure.message}`);
  if (user.exec !== undefined || user['auth-provider'] !== undefined) {
    refuse(file, `users.${context.user}: needs a program to log in: use a certificate or a token`);
  }
  const pem = (data: string | undefined, path: string | undefined): string | undefined =>
    data === undefined
      ? path && read(resolve(dirname(file), path), `--kubeconfig ${file}`)
      : Buffer.from(data, 'base64').toString();
  const ca = pem(cluster['certificate-authority-data'], cluster['certificate-authority']);
  const cert = pem(user['client-certificate-data'], user['client-certificate']);
  const key = pem(user['client-key-data'], user['client-key']);
  const { token, tokenFile } = user;
  return {
    server: cluster.server.replace(/\/+$/, ''),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(tokenFile !== undefined && { token: tokenOf(resolve(dirname(file), tokenFile), `--kubeconfig ${file}`) }),
    ...(token !== undefined && { token: () => token }),
    ...(context.namespace !== undefined && { namespace: context.namespace }),
  };
}

function refuse(file: string, why: string): never {
  throw new BallastError('INVALID_FLAG', `--kubeconfig: ${file}: ${why}`);
}

function readConfig(file: string): KubeConfig {
  const text = read(file, '--kubeconfig');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    return refuse(file, String(error).split('\n', 1)[0] ?? 'not YAML');
  }
  if (!Value.Check(KubeConfig, value))
    return refuse(file, describeFieldErrors(Value.Errors(KubeConfig, value), 'file'));
  return value;
}

function find<T extends { readonly name: string }>(list: readonly T[], name: string, field: string, file: string): T {
  return list.find((entry) => entry.name === name) ?? refuse(file, `${field}: there is none named ${name}`);
}

function read(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new BallastError('INVALID_FLAG', `${flag}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function tokenOf(file: string, flag: string): () => string {
  let token = read(file, flag).trim();
  let readAt = performance.now();
  return () => {
    if (performance.now() - readAt < TOKEN_MS) return token;
    readAt = performance.now();
    try {
      token = readFileSync(file, 'utf8').trim();
    } catch {
      // It is being replaced this moment: the one before is still good for minutes.
    }
    return token;
  };
}
