/** The controller runs with the rights of its service account alone, and makes use of every one of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CHECKOUT } from '../../../tools/images/build-images.ts';
import { type AgentProcess, startAgent } from '../../host-agent/support/agent-process.ts';
import { type ApiServer, startApiServer } from '../api-server/api-server.ts';
import { type AuditedRequest, readAudit } from '../api-server/audit.ts';
import { ClusterWriter, namespace, node, policy, service } from '../support/objects.ts';
import { grantedRights, usedRights } from './grants.ts';
import { applyIstioDefinitions } from './istio-definitions.ts';
import { CONFIGS, kustomize } from './render.ts';

const SOON = { timeout: 60_000, interval: 100 };
const USER = 'system:serviceaccount:ballast-system:ballast-controller';

let folder: string;
let server: ApiServer;
let cluster: ClusterWriter;
let controller: ChildProcess | undefined;
let agent: AgentProcess | undefined;

const auditLog = (): string => join(folder, 'audit.log');

async function requests(): Promise<AuditedRequest[]> {
  return (await readAudit(auditLog())).filter(({ user }) => user === USER);
}

/** Until the controller has made requests like these, `<verb> <resource> <status>`. */
async function made(...expected: string[]): Promise<void> {
  await vi.waitFor(async () => {
    const seen = (await requests()).map(({ verb, resource, status }) => `${verb} ${resource} ${status}`);
    expect([...new Set(seen)]).toEqual(expect.arrayContaining(expected));
  }, SOON);
}

/** A Service with two ready replicas. */
async function shop(name: string, network: string): Promise<void> {
  await cluster.apply(service('shop', name));
  const pods = [0, 1].map((index) => ({
    namespace: 'shop',
    name: `${name}-${index}`,
    node: 'node-1',
    ip: `${network}.${index + 1}`,
  }));
  const written = await Promise.all(pods.map(async (pod) => ({ ...pod, uid: await cluster.pod(pod) })));
  // As pods of a StatefulSet have it.
  for (const pod of pods) {
    await server.kubectl(['label', 'pod', pod.name, '-n', 'shop', `statefulset.kubernetes.io/pod-name=${pod.name}`]);
  }
  await cluster.endpoints('shop', name, written);
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-rights-'));
  server = await startApiServer({ auditLog: auditLog() });
  cluster = await ClusterWriter.open(server.kubeconfig);
  await applyIstioDefinitions(server);
  await server.kubectl(['apply', '--server-side', '-k', join(CONFIGS, 'base')]);
  await server.kubectl([
    'wait',
    '--for=condition=Established',
    '--timeout=30s',
    'crd/loadbalancingpolicies.ballast.dev',
  ]);
  for (const object of [node('node-1'), namespace('shop')]) await cluster.apply(object);
  await shop('cart', '10.1.1');
  await shop('book', '10.1.2');

  const address = `127.0.0.1:${await freePort()}`;
  const kubeconfig = await server.serviceAccountKubeconfig('ballast-system', 'ballast-controller');
  const flags = ['--kubeconfig', kubeconfig, '--listen', address, '--log-level', 'error'];
  controller = spawn(process.execPath, [join(CHECKOUT, 'central-controller/main.ts'), ...flags], { stdio: 'inherit' });
  const processes = join(folder, 'processes.json');
  await writeFile(processes, '{}');
  agent = await startAgent(['--node', 'node-1', '--processes', processes, '--controller', `http://${address}`]);
}, 120_000);

afterAll(async () => {
  await agent?.stop();
  controller?.kill('SIGKILL');
  await cluster?.close();
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test('what the controller’s roles grant is what it uses, no less and no more', async () => {
  await cluster.apply(policy('shop', 'cart', { routing: 'Subset' }));
  await cluster.apply(policy('shop', 'book', { routing: 'Endpoint' }));
  await made('patch virtualservices 201', 'patch destinationrules 201', 'patch services 200');
  await made('patch loadbalancingpolicies/status 200', 'patch events 201');
  await cluster.apply(policy('shop', 'cart', { routing: 'Subset', mode: 'Off' }));
  await made('delete virtualservices 200', 'delete destinationrules 200');

  const all = await requests();
  expect(all.filter(({ status }) => status === 403)).toEqual([]);
  const roles = (await kustomize('base')).filter(
    ({ kind, metadata }) => /^(?:Cluster)?Role$/.test(kind) && metadata.name === 'ballast-controller',
  );
  expect(roles).toHaveLength(2);
  expect(usedRights(all)).toEqual(grantedRights(roles));
});
