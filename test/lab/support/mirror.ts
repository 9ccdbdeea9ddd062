/**
 * A service without sidecars behind the gateway, which answers with the headers that it got: nothing removed them
 * before.
 */
import { Agent, request } from 'undici';
import { HOTEL, type LabCluster } from './cluster.ts';

export const MIRROR = 'mirror';
const HOST = 'mirror.test';
const labels = { app: MIRROR };
const meta = (name: string) => ({ name, namespace: HOTEL, labels });

/** Answers with the request's headers and its own name as JSON. */
const PROGRAM = `
  const server = require('node:http').createServer((request, response) => {
    response.setHeader('x-served-by', process.env.POD_NAME);
    response.end(JSON.stringify(request.headers));
  });
  server.listen(8080);
  process.on('SIGTERM', () => process.exit());
`;

const workload = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: meta(MIRROR),
  spec: {
    serviceName: MIRROR,
    replicas: 3,
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: labels },
    template: {
      metadata: { labels: { ...labels, 'sidecar.istio.io/inject': 'false' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: MIRROR,
            image: 'ballast/hotel-reservation:0.1.0',
            command: ['/usr/local/bin/node', '-e', PROGRAM],
            env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
            readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
            resources: { requests: { cpu: '10m', memory: '32Mi' } },
          },
        ],
      },
    },
  },
};

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta(MIRROR),
  spec: { selector: labels, ports: [{ name: 'http', port: 8080, targetPort: 8080 }] },
};

const route = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: meta(MIRROR),
  spec: {
    hosts: [HOST],
    gateways: ['hotel'],
    http: [{ route: [{ destination: { host: `${MIRROR}.${HOTEL}.svc.cluster.local` } }] }],
  },
};

/** Puts it into the cluster; resolves when its three replicas are ready. */
export async function installMirror(cluster: LabCluster): Promise<void> {
  await cluster.apply(service, workload, route);
  await cluster.untilReady(`app=${MIRROR}`, 3);
}

export async function removeMirror(cluster: LabCluster): Promise<void> {
  await cluster.remove('loadbalancingpolicies', MIRROR);
  await cluster.remove('virtualservices', MIRROR);
  await cluster.remove('statefulsets', MIRROR);
  await cluster.remove('services', MIRROR);
}

export function mirrorPolicy(spec: object): object {
  return {
    apiVersion: 'ballast.dev/v1alpha1',
    kind: 'LoadBalancingPolicy',
    metadata: { name: MIRROR, namespace: HOTEL },
    spec: { targetRef: { kind: 'StatefulSet', name: MIRROR }, ...spec },
  };
}

export interface Reflection {
  readonly servedBy: string;
  /** Headers as they reached the replica. */
  readonly received: Readonly<Record<string, string>>;
  /** Headers as they came back to the client. */
  readonly returned: Readonly<Record<string, string | string[] | undefined>>;
}

/** What replicas saw of requests through the gateway, sent one after the other. */
export async function lookInMirror(
  ingress: URL,
  count: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reflection[]> {
  const agent = new Agent({ connections: 1 });
  const seen: Reflection[] = [];
  try {
    for (let sent = 0; sent < count; sent++) {
      const answer = await request(ingress, { dispatcher: agent, headers: { ...headers, host: HOST } });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`the mirror answers ${answer.statusCode}: ${text}`);
      seen.push({
        servedBy: String(answer.headers['x-served-by']),
        received: JSON.parse(text) as Record<string, string>,
        returned: answer.headers,
      });
    }
  } finally {
    await agent.close();
  }
  return seen;
}
