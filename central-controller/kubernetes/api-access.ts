/** Where an API server is and who we are to it: from a kubeconfig, or as the pod's service account. */
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { BallastError } from '../../contract/errors.ts';
import { loadKubeConfig } from './client-node.ts';
import { type Kubeconfig, type KubeconfigFlags, readKubeconfig } from './kubeconfig-files.ts';

export interface Login {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: Tls;
}

export type Tls = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;

export interface ApiAccess {
  /** Base address, such as `https://10.96.0.1:443` or `https://host/k8s/clusters/c-1`. */
  readonly server: string;
  /** Of the pod, or of the kubeconfig's context. */
  readonly namespace?: string;
  /** `http://`, `https://` or `socks5://` proxy in front of the API server. */
  readonly proxy?: string;
  readonly login?: LoginSource;
}

export interface LoginSource {
  /** Asked before each request, since logins and mounted tokens are renewed. */
  get(): Promise<Login>;
  /** The API server refused the last login. */
  forget(): void;
}

/** A login program may wait for a person. */
const LOGIN_MS = 120_000;

/** @throws BallastError INVALID_FLAG naming the file and the field, or the program that could not log in */
export async function kubeconfigAccess(flags: KubeconfigFlags): Promise<ApiAccess> {
  const kubeconfig = readKubeconfig(flags);
  const { cluster, context, user } = kubeconfig;
  const KubeConfig = await loadKubeConfig();
  const login = new RenewedLogin(() => withLogin(new KubeConfig(), kubeconfig), impersonation(user));
  await login.get().catch((cause: unknown) => {
    const command = (user['exec'] as { command?: unknown } | undefined)?.command;
    const what = command === undefined ? 'the login failed' : `users: exec: ${String(command)} failed`;
    throw new BallastError('INVALID_FLAG', `--kubeconfig: ${what}: ${textOf(cause)}`, { cause });
  });
  const { namespace } = context;
  const proxy = cluster['proxy-url'];
  return {
    server: String(cluster['server']),
    ...(typeof namespace === 'string' && { namespace }),
    ...(typeof proxy === 'string' && { proxy }),
    login,
  };
}

/** @throws BallastError INVALID_FLAG when this is not a pod with a service account */
export async function inClusterAccess(root = ''): Promise<ApiAccess> {
  if (!process.env['KUBERNETES_SERVICE_HOST']) {
    throw new BallastError('INVALID_FLAG', '--kubernetes: not in a pod of a cluster: name a --kubeconfig');
  }
  const KubeConfig = await loadKubeConfig();
  const inCluster = (): KubeConfig => {
    const config = new KubeConfig();
    config.loadFromCluster(root);
    return config;
  };
  const login = new RenewedLogin(inCluster, {});
  await login.get().catch((cause: unknown) => {
    throw new BallastError('INVALID_FLAG', `--kubernetes: ${textOf(cause)}`, { cause });
  });
  const config = inCluster();
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace?.trim();
  return { server: config.getCurrentCluster()?.server ?? '', ...(namespace && { namespace }), login };
}

class RenewedLogin implements LoginSource {
  readonly #make: () => KubeConfig;
  readonly #headers: Login['headers'];
  #config: KubeConfig;
  #pending: Promise<Login> | undefined;

  constructor(make: () => KubeConfig, headers: Login['headers']) {
    this.#make = make;
    this.#headers = headers;
    this.#config = make();
  }

  /** Requests at the same moment share one run of a login program. */
  get(): Promise<Login> {
    this.#pending ??= this.#run().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  forget(): void {
    this.#config = this.#make();
  }

  async #run(): Promise<Login> {
    const late = AbortSignal.timeout(LOGIN_MS);
    const isLate = new Promise<never>((_, reject) => {
      late.addEventListener('abort', () => reject(new Error(`no login within ${LOGIN_MS / 1000} s`)));
    });
    const { headers, tls } = await Promise.race([loginOf(this.#config), isLate]);
    return { tls, headers: { ...headers, ...this.#headers } };
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.trim() : String(cause);
}

function withLogin(config: KubeConfig, { content, cluster, user }: Kubeconfig): KubeConfig {
  config.loadFromString(
    JSON.stringify({
      ...content,
      clusters: [{ name: 'used', cluster: { ...cluster, ...plainHttp(cluster) } }],
      users: [{ name: 'used', user: { ...tokenFile(user), ...(user['exec'] ? { exec: execOf(cluster, user) } : {}) } }],
    }),
  );
  return config;
}

/** KubeConfig takes plain HTTP only where it need not verify a certificate, which there is none of. */
function plainHttp({ server }: Kubeconfig['cluster']): object {
  return String(server).startsWith('http:') ? { 'insecure-skip-tls-verify': true } : {};
}

/** KubeConfig knows no `tokenFile`, but reads one for its in-cluster login. As for kubectl it comes before a token. */
function tokenFile({ tokenFile: file, token, ...user }: Kubeconfig['user']): Kubeconfig['user'] {
  if (file !== undefined) return { ...user, 'auth-provider': { name: 'tokenFile', config: { tokenFile: file } } };
  return { ...user, ...(token !== undefined && { token }) };
}

/** Login programs expect to be told how they are called, which KubeConfig does not do. */
function execOf(cluster: Kubeconfig['cluster'], user: Kubeconfig['user']): object {
  const exec = user['exec'] as {
    readonly apiVersion?: unknown;
    readonly env?: readonly object[] | null;
    readonly provideClusterInfo?: unknown;
  };
  const info = {
    apiVersion: exec.apiVersion ?? 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: { interactive: false, ...(exec.provideClusterInfo === true && { cluster }) },
  };
  return { ...exec, env: [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }] };
}

/** KubeConfig knows the user to impersonate, but not his groups. */
function impersonation(user: Kubeconfig['user']): Record<string, string | string[]> {
  const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
  const extra = Object.entries((user['as-user-extra'] ?? {}) as Record<string, unknown>);
  return {
    ...(typeof user['as-uid'] === 'string' && { 'Impersonate-Uid': user['as-uid'] }),
    ...(texts(user['as-groups']).length > 0 && { 'Impersonate-Group': texts(user['as-groups']) }),
    ...Object.fromEntries(extra.map(([key, value]) => [`Impersonate-Extra-${encodeURIComponent(key)}`, texts(value)])),
  };
}

async function loginOf(config: KubeConfig): Promise<Login> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, servername, rejectUnauthorized, auth } = options;
  // KubeConfig takes a token from a file with the end of its line.
  const headers = Object.entries(options.headers ?? {}).map(([name, value]) => [name, String(value).trim()]);
  return {
    headers: {
      ...(typeof auth === 'string' && { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` }),
      ...Object.fromEntries(headers),
    },
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(servername !== undefined && { servername }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    },
  };
}
