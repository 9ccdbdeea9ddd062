import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KubernetesClient } from '../../../central-controller/kubernetes/client.ts';
import { apiCall, registerApiRequestMetrics } from '../../../central-controller/metrics/api-request-metrics.ts';
import { SOON } from '../../support/soon.ts';

describe('a request', () => {
  it.each([
    ['GET', '/api/v1/pods?limit=500', 'list', 'pods'],
    ['GET', '/apis/apps/v1/statefulsets?watch=true&resourceVersion=7', 'watch', 'statefulsets'],
    ['GET', '/apis/coordination.k8s.io/v1/namespaces/a/leases/b', 'get', 'leases'],
    ['PUT', '/apis/coordination.k8s.io/v1/namespaces/a/leases/b', 'update', 'leases'],
    ['POST', '/apis/coordination.k8s.io/v1/namespaces/a/leases', 'create', 'leases'],
    ['PATCH', '/apis/networking.istio.io/v1/namespaces/a/virtualservices/b?force=true', 'patch', 'virtualservices'],
    [
      'PATCH',
      '/apis/ballast.dev/v1alpha1/namespaces/a/loadbalancingpolicies/b/status?force=true',
      'patch',
      'loadbalancingpolicies/status',
    ],
    ['DELETE', '/apis/networking.istio.io/v1/namespaces/a/destinationrules/b', 'delete', 'destinationrules'],
  ])('%s %s is %s of %s', (method, path, verb, resource) => {
    expect(apiCall(method, path)).toEqual({ verb, resource });
  });

  it.each(['/', '/agent/v1/reports', '/version', '/api/v1'])('for %s is none for a resource', (path) => {
    expect(apiCall('GET', path)).toBeUndefined();
  });
});

describe('requests to an API server', () => {
  let server: Server;
  let origin: string;
  let client: KubernetesClient;
  let registry: Registry;
  let end: () => void;

  beforeEach(async () => {
    server = createServer((request, response) => {
      if (request.url?.includes('watch=true')) response.writeHead(200).write('{}\n');
      else if (request.method === 'PATCH') response.writeHead(409).end('{"reason":"Conflict","message":"taken"}');
      else response.writeHead(200).end('{}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = new KubernetesClient({ server: origin });
    registry = new Registry();
    end = registerApiRequestMetrics(registry, origin, () => performance.now());
  });

  afterEach(async () => {
    end();
    await client.close();
    server.close();
    server.closeAllConnections();
  });

  async function valueOf(series: string): Promise<number | undefined> {
    const line = (await registry.metrics()).split('\n').find((candidate) => candidate.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length));
  }

  it('are counted by what was asked for and what came of it', async () => {
    await client.request('GET', '/api/v1/pods');
    await client.request('GET', '/api/v1/pods');
    const path = '/apis/networking.istio.io/v1/namespaces/a/virtualservices/b';
    await expect(client.request('PATCH', path, { body: {} })).rejects.toThrow('taken');
    expect(await valueOf('ballast_apiserver_requests_total{verb="list",resource="pods",code="200"}')).toBe(2);
    expect(await valueOf('ballast_apiserver_requests_total{verb="patch",resource="virtualservices",code="409"}')).toBe(
      1,
    );
    expect(await valueOf('ballast_apiserver_request_duration_seconds_count{verb="list"}')).toBe(2);
  });

  it('count as unanswered where there was no answer, and others’ do not count', async () => {
    const elsewhere = new KubernetesClient({ server: 'http://127.0.0.1:9' });
    await expect(elsewhere.request('GET', '/api/v1/pods')).rejects.toThrow();
    await elsewhere.close();
    server.close();
    server.closeAllConnections();
    await expect(client.request('GET', '/api/v1/nodes')).rejects.toThrow();
    expect(await valueOf('ballast_apiserver_requests_total{verb="list",resource="nodes",code="none"}')).toBe(1);
    expect(await registry.metrics()).not.toContain('resource="pods"');
  });

  it('show how many watches are open', async () => {
    const open = 'ballast_apiserver_watches{resource="pods"}';
    const abort = new AbortController();
    const chunks = await client.stream('/api/v1/pods', { query: { watch: true }, signal: abort.signal }, 10_000);
    const iterator = chunks[Symbol.asyncIterator]();
    await iterator.next();
    expect(await valueOf(open)).toBe(1);
    abort.abort();
    await expect(iterator.next()).rejects.toThrow();
    await vi.waitFor(async () => expect(await valueOf(open)).toBe(0), SOON);
  });
});
