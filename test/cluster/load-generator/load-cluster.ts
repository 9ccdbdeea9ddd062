/** A real API server with the operator of load tests, which has the rights of its service account alone. */
import { mkdtemp, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { kubeconfigAccess } from '../../../central-controller/kubernetes/api-access.ts';
import type { LoadgenRequest, RequestSpec } from '../../../tools/load-generator/operator/api/request.ts';
import type { RequestStatus } from '../../../tools/load-generator/operator/api/request-status.ts';
import type { Measured } from '../../../tools/load-generator/operator/api/result.ts';
import { type OpenedOperator, openOperator } from '../../../tools/load-generator/operator/open-operator.ts';
import { stubServer } from '../../tools/load-generator/stub-server.ts';
import { type ApiServer, startApiServer } from '../api-server/api-server.ts';
import { type AuditedRequest, readAudit } from '../api-server/audit.ts';
import { applyIstioDefinitions } from '../install/istio-definitions.ts';
import { CONFIGS } from '../install/render.ts';
import { ClusterWriter, namespace, service } from '../support/objects.ts';

const SOON = { timeout: 60_000, interval: 100 };
const USER = 'system:serviceaccount:ballast-load:load-operator';
/** Of all requests and Services here. */
const NAMESPACE = 'shop';

export const LEASE = { namespace: 'ballast-load', lease: 'ballast-load-operator' };

export interface ResultObject {
  readonly metadata: { readonly ownerReferences: unknown };
  readonly measured: Measured;
}

export class LoadCluster implements AsyncDisposable {
  readonly server: ApiServer;
  readonly writer: ClusterWriter;
  /** Of the operator's service account. */
  readonly kubeconfig: string;
  /** What operators complained of. */
  readonly complaints: string[] = [];
  readonly #folder: string;
  /** Where Services really are: there is no kubelet, and no DNS. */
  readonly #targets = new Map<string, URL>();
  #operator: OpenedOperator | undefined;
  #started = 0;

  private constructor(folder: string, server: ApiServer, kubeconfig: string, writer: ClusterWriter) {
    this.#folder = folder;
    this.server = server;
    this.kubeconfig = kubeconfig;
    this.writer = writer;
  }

  /** With the operator's manifests applied, and Services `search` and `geo`. */
  static async start(): Promise<LoadCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'ballast-loads-'));
    const server = await startApiServer({ auditLog: join(folder, 'audit.log') });
    await applyIstioDefinitions(server);
    await server.kubectl(['apply', '--server-side', '-k', join(CONFIGS, 'load-generator/base')]);
    for (const plural of ['loadgenrequests', 'loadgenresults']) {
      await server.kubectl(['wait', '--for=condition=established', `crd/${plural}.loadgen.ballast.dev`]);
    }
    const kubeconfig = await server.serviceAccountKubeconfig(LEASE.namespace, 'load-operator');
    const cluster = new LoadCluster(folder, server, kubeconfig, await ClusterWriter.open(server.kubeconfig));
    await cluster.writer.apply(namespace(NAMESPACE));
    for (const name of ['search', 'geo']) await cluster.applyService(name);
    return cluster;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopOperator();
    await this.writer.close();
    await this.server[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async startOperator(): Promise<void> {
    const log = { info: () => undefined, error: (_fields: unknown, message: string) => this.complaints.push(message) };
    const targetOf = (_namespace: string, name: string): URL =>
      this.#targets.get(name) ?? new URL('http://127.0.0.1:1');
    const identity = `operator-${++this.#started}`;
    const access = await kubeconfigAccess({ kubeconfig: this.kubeconfig });
    this.#operator = openOperator({ access, ...LEASE, identity, targetOf }, log);
  }

  async stopOperator(): Promise<void> {
    await this.#operator?.close();
    this.#operator = undefined;
  }

  /** A server that stands for a Service until the test is over. */
  async serve(name: string, listener: RequestListener): Promise<void> {
    this.#targets.set(name, (await stubServer(listener)).url);
  }

  async applyService(name: string, port = 8080): Promise<void> {
    const object = service(NAMESPACE, name);
    const ports = [{ name: 'http', port, targetPort: 8080 }];
    await this.writer.apply({ ...object, spec: { selector: { app: name }, ports } });
  }

  async request(name: string, spec: Omit<RequestSpec, 'serviceName'>, serviceName = 'search'): Promise<void> {
    await this.writer.apply({ ...objectOf(name), spec: { serviceName, ...spec } });
  }

  async delete(name: string): Promise<void> {
    await this.writer.delete(objectOf(name));
  }

  async read(name: string): Promise<LoadgenRequest> {
    return (await this.writer.read(objectOf(name))) as unknown as LoadgenRequest;
  }

  async resultOf(name: string): Promise<ResultObject> {
    const { status } = await this.read(name);
    const result = { ...objectOf(status?.resultName ?? 'none'), kind: 'LoadgenResult' };
    return (await this.writer.read(result)) as unknown as ResultObject;
  }

  /** Waits until the request is so far: its phase, and the reasons of its conditions. */
  async until(name: string, ...expected: readonly [phase: string, started: string, complete: string]) {
    return vi.waitFor(async (): Promise<RequestStatus> => {
      const { status } = await this.read(name);
      expect([status?.phase, ...(status?.conditions ?? []).map(({ reason }) => reason)]).toEqual(expected);
      return status ?? {};
    }, SOON);
  }

  /** Waits until some requests are told of; how many. */
  async untilProgress(name: string): Promise<number> {
    return vi.waitFor(async () => {
      const { requests } = (await this.read(name)).status?.progress ?? {};
      expect(requests).toBeGreaterThan(0);
      return requests ?? 0;
    }, SOON);
  }

  /** Waits until there is no such request. */
  async untilGone(name: string): Promise<void> {
    await vi.waitFor(async () => {
      const names = await this.kubectl('get', 'lgreq', '-o', 'name');
      expect(names.split('\n')).not.toContain(`loadgenrequest.loadgen.ballast.dev/${name}`);
    }, SOON);
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.server.kubectl([...args, '--namespace', NAMESPACE]);
  }

  /** What operators asked of the API server. */
  async audited(): Promise<AuditedRequest[]> {
    return (await readAudit(join(this.#folder, 'audit.log'))).filter(({ user }) => user === USER);
  }
}

function objectOf(name: string) {
  const metadata = { name, namespace: NAMESPACE };
  return { apiVersion: 'loadgen.ballast.dev/v1alpha1', kind: 'LoadgenRequest', metadata };
}
