/** A real etcd and kube-apiserver for a test: everything of Kubernetes that is an object, and no node. */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Agent, request } from 'undici';
import { buildGoTool } from '../../../tools/go/build.ts';
import { auditPolicyOf, writeAuditPolicy } from './audit.ts';
import { Component } from './component.ts';
import { type User, writeKubeconfig, writeServiceAccountKeys, writeTokens } from './credentials.ts';

export interface ApiServerOptions {
  /** Users that RBAC is tested with; `userKubeconfig` makes their kubeconfig. They may do nothing by themselves. */
  readonly users?: readonly User[];
  /**
   * Also run kube-controller-manager: owners' objects are collected, endpoints and slices follow Services, StatefulSets
   * and Deployments make pods, namespaces are emptied, and each gets its `default` service account. Off, pods are taken
   * without a service account. Default false.
   */
  readonly controllerManager?: boolean;
  /** File that each request is noted in before it is answered, see `readAudit`; absent: none. */
  readonly auditLog?: string;
}

export interface ApiServer extends AsyncDisposable {
  /** `https://address:port` */
  readonly url: string;
  /** Path of a kubeconfig with all rights, for `KubeConfig.loadFromFile` as for any other client. */
  readonly kubeconfig: string;
  /** Path of a kubeconfig for one of the users that the server was started with. */
  userKubeconfig(name: string): Promise<string>;
  /** Path of a kubeconfig with a token of a service account that exists; it may do what RBAC lets it. */
  serviceAccountKubeconfig(namespace: string, name: string): Promise<string>;
  /**
   * Runs kubectl with all rights and returns what it prints; `input` is its standard input (`apply -f -`). A kubectl
   * that fails is an error with what it complained of.
   */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Stops kube-apiserver and starts it again on the same address with the same objects: every watch breaks. */
  restart(): Promise<void>;
}

const ADMIN: User = { name: 'admin', groups: ['system:masters'] };
const CONTROLLER_MANAGER: User = { name: 'system:kube-controller-manager' };

/**
 * An address of loopback that is this server's alone, so that the components' usual ports are free on it. All of
 * 127.0.0.0/8 is on the interface under Linux.
 */
function ownAddress(): string {
  return `127.${randomInt(64, 128)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
}

/**
 * Starts the control plane of one test, in about three seconds (five with the controller manager), with RBAC on:
 *
 * ```ts
 * await using server = await startApiServer();
 * const config = new KubeConfig();
 * config.loadFromFile(server.kubeconfig);
 * await server.kubectl(['apply', '-k', 'istio-configs/base/crds']);
 * ```
 *
 * In a test file, start it in `beforeAll` and dispose of it in `afterAll`; a namespace of its own tells each test's
 * objects from the others'. Pods stay as they are written, since there is no kubelet; the API server refuses endpoints
 * on loopback.
 */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const binary = await buildGoTool('hyper');
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ballast-api-server-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  await writeServiceAccountKeys(folder);
  if (options.auditLog !== undefined) await writeAuditPolicy(folder);
  const tokens = await writeTokens(join(folder, 'tokens.csv'), [ADMIN, CONTROLLER_MANAGER, ...(options.users ?? [])]);

  const address = ownAddress();
  const server = `https://${address}:6443`;
  const certificateAuthority = certificateAuthorityOf(folder);
  const kubeconfigWith = async (file: string, token: string): Promise<string> => {
    const path = join(folder, `${file.replaceAll(/[^\w.-]/g, '-')}.kubeconfig`);
    await writeKubeconfig(path, { server, certificateAuthority, token });
    return path;
  };
  const userKubeconfig = async (name: string): Promise<string> => {
    const token = tokens.get(name);
    if (token === undefined) throw new Error(`startApiServer was given no user ${name}`);
    return kubeconfigWith(name, token);
  };
  const kubeconfig = await userKubeconfig(ADMIN.name);
  const kubectl = (args: readonly string[], input = ''): Promise<string> =>
    run(binary, ['kubectl', `--kubeconfig=${kubeconfig}`, `--cache-dir=${folder}/kubectl`, ...args], input);

  const etcd = `http://${address}:2379`;
  cleanup.use(
    await Component.start({
      name: 'etcd',
      command: binary,
      arguments: [
        'etcd',
        `--data-dir=${join(folder, 'etcd')}`,
        `--client=${etcd}`,
        `--peer=http://${address}:2380`,
        '--unsafe-no-fsync',
      ],
      log: join(folder, 'etcd.log'),
      isReady: () => answers(`${etcd}/readyz`),
    }),
  );
  const serves = async (path: string): Promise<boolean> =>
    (await exists(certificateAuthority)) &&
    answers(`${server}${path}`, await readFile(certificateAuthority, 'utf8'), tokens.get(ADMIN.name));
  const startServer = (): Promise<Component> =>
    Component.start({
      name: 'kube-apiserver',
      command: binary,
      arguments: ['kube-apiserver', ...serverFlags(folder, address, etcd, options)],
      log: join(folder, 'kube-apiserver.log'),
      isReady: () => serves('/readyz'),
    });
  let running = await startServer();
  cleanup.defer(() => running[Symbol.asyncDispose]());
  if (options.controllerManager) {
    const config = await userKubeconfig(CONTROLLER_MANAGER.name);
    const component = await Component.start({
      name: 'kube-controller-manager',
      command: binary,
      arguments: ['kube-controller-manager', ...controllerManagerFlags(folder, config)],
      log: join(folder, 'kube-controller-manager.log'),
      // It makes this one first of all, and no pod can be written before.
      isReady: () => serves('/api/v1/namespaces/default/serviceaccounts/default'),
    });
    cleanup.use(component);
  }
  const started = cleanup.move();
  return {
    url: server,
    kubeconfig,
    userKubeconfig,
    kubectl,
    async serviceAccountKubeconfig(namespace, name) {
      const token = await kubectl(['create', 'token', name, `--namespace=${namespace}`]);
      return kubeconfigWith(`${namespace}-${name}`, token.trim());
    },
    async restart() {
      await running[Symbol.asyncDispose]();
      running = await startServer();
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function serverFlags(folder: string, address: string, etcd: string, options: ApiServerOptions): string[] {
  return [
    `--etcd-servers=${etcd}`,
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    '--secure-port=6443',
    // It signs a certificate for the advertised address by itself.
    `--cert-dir=${join(folder, 'certificates')}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(folder, 'sa.pub')}`,
    `--service-account-signing-key-file=${join(folder, 'sa.key')}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    '--profiling=false',
    // The Service `kubernetes` could not have an address of loopback.
    '--endpoint-reconciler-type=none',
    ...(options.auditLog === undefined
      ? []
      : [
          `--audit-policy-file=${auditPolicyOf(folder)}`,
          `--audit-log-path=${options.auditLog}`,
          '--audit-log-mode=blocking',
        ]),
    // Without the controller manager the service accounts that this plugin requires do not exist.
    ...(options.controllerManager ? [] : ['--disable-admission-plugins=ServiceAccount']),
  ];
}

function controllerManagerFlags(folder: string, kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${join(folder, 'sa.key')}`,
    `--root-ca-file=${certificateAuthorityOf(folder)}`,
    '--use-service-account-credentials',
    '--leader-elect=false',
    '--secure-port=0',
  ];
}

/** The certificate that the API server signs for itself, which is also the one to trust it by. */
function certificateAuthorityOf(folder: string): string {
  return join(folder, 'certificates', 'apiserver.crt');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Does the address answer 200? */
async function answers(url: string, certificateAuthority?: string, token?: string): Promise<boolean> {
  const agent = new Agent({ connect: { ...(certificateAuthority !== undefined && { ca: certificateAuthority }) } });
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { statusCode, body } = await request(url, { dispatcher: agent, headers });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  } finally {
    await agent.destroy();
  }
}

async function run(command: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  child.stdin.end(input);
  const [output, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(complaint.trim() || `${args.join(' ')} ended with exit code ${code}`);
  return output;
}
