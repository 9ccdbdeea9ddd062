/** A fleet as the controller sees it: manifests of its services, and the reports of its agents. */
import { stringify } from 'yaml';
import { LATENCY_BUCKETS } from '../../../central-controller/contract/latency-buckets.ts';
import type { AgentReport } from '../../../central-controller/contract/report.ts';

const NODES = 4;
const SERVICES = 8;
const REQUESTS_PER_SECOND = 50;
const CPU_PER_REQUEST = 0.002;

export const NAMESPACE = 'shop';

/** Each service has one replica on each node. */
const services = Array.from({ length: SERVICES }, (_, index) => `service-${index}`);
const nodes = Array.from({ length: NODES }, (_, index) => `node-${index}`);

export const firstService = services[0] ?? '';

export function manifests(): string {
  const meta = (name: string, labels?: object) => ({ name, namespace: NAMESPACE, ...(labels && { labels }) });
  const objects = [
    ...nodes.map((name) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })),
    ...services.flatMap((app, at) => [
      { apiVersion: 'v1', kind: 'Service', metadata: meta(app), spec: { selector: { app }, ports: [{ port: 8080 }] } },
      {
        apiVersion: 'ballast.dev/v1alpha1',
        kind: 'LoadBalancingPolicy',
        metadata: meta(app),
        spec: { targetRef: { kind: 'Service', name: app } },
      },
      ...nodes.map((nodeName, index) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...meta(`${app}-${index}`, { app }), uid: `uid-${app}-${index}` },
        spec: { nodeName },
        status: {
          phase: 'Running',
          podIP: `10.0.${index}.${at + 1}`,
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      })),
    ]),
  ];
  return objects.map((object) => stringify(object)).join('---\n');
}

/** What every agent says `seconds` after the beginning, as its report number `sequence`. */
export function reports(sequence: number, seconds: number): AgentReport[] {
  const requests = Math.round(seconds * REQUESTS_PER_SECOND);
  const latencyBuckets = Array.from({ length: LATENCY_BUCKETS }, (_, index) => (index === 8 ? requests : 0));
  const used = seconds * REQUESTS_PER_SECOND * CPU_PER_REQUEST;
  return nodes.map((node, index) => ({
    node,
    instance: `agent-${node}`,
    sequence,
    monotonicMs: seconds * 1000,
    cpu: { cores: 2, busySeconds: used * SERVICES, stealSeconds: 0 },
    replicas: services.map((app) => ({ uid: `uid-${app}-${index}`, cpuSeconds: used, throttledSeconds: 0 })),
    proxies: services.map((app) => ({
      namespace: NAMESPACE,
      pod: `${app}-${index}`,
      instance: 'vm',
      sequence,
      tableVersion: 0,
      fallbacks: 0,
      called: [],
      served: { requests, failures: 0, inFlight: 1, inFlightSeconds: requests * 0.004, latencyBuckets },
    })),
  }));
}
