import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManifestCluster } from '../../../central-controller/cluster/manifests.ts';
import type { Failure } from '../../../contract/errors.ts';

const NODES = `
apiVersion: v1
kind: Node
metadata: {name: node-2}
---
apiVersion: v1
kind: Node
metadata: {name: node-1}
`;

const GEO = `
apiVersion: v1
kind: Service
metadata: {name: geo, namespace: hotel}
spec: {selector: {app: geo}, ports: [{port: 8080, targetPort: http}, {port: 9, protocol: UDP}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: geo-set, namespace: hotel}
spec: {serviceName: geo}
`;

const DEPLOYMENT = `
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: geo-set, namespace: hotel}
spec: {template: {metadata: {labels: {app: geo, tier: a}}}}
`;

function pod(ordinal: number, extra: { node?: string; ready?: string; spec?: string } = {}): string {
  const { node = 'node-1', ready = 'True', spec = '' } = extra;
  return `
---
apiVersion: v1
kind: Pod
metadata: {name: geo-${ordinal}, namespace: hotel, uid: uid-${ordinal}, labels: {app: geo, tier: a}}
spec: {nodeName: ${node}, containers: [{name: app, ports: [{name: http, containerPort: 18080}]${spec}}]}
status: {phase: Running, podIP: 10.0.0.${ordinal}, conditions: [{type: Ready, status: '${ready}'}]}
`;
}

function policy(spec = '', name = 'geo'): string {
  return `
---
apiVersion: ballast.dev/v1alpha1
kind: LoadBalancingPolicy
metadata: {name: ${name}, namespace: hotel}
spec: {targetRef: {kind: StatefulSet, name: geo-set}${spec}}
`;
}

let directory = '';
const clusters: ManifestCluster[] = [];
const problems: Failure[] = [];
let now = 5_000;

function write(file: string, text: string): void {
  writeFileSync(join(directory, file), text);
}

function open(): ManifestCluster {
  const cluster = new ManifestCluster(directory, { now: () => now, onProblem: (problem) => problems.push(problem) });
  clusters.push(cluster);
  return cluster;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ballast-manifests-'));
  problems.length = 0;
  now = 5_000;
  write('nodes.yaml', NODES);
  write('geo.yaml', GEO);
});

afterEach(async () => {
  for (const cluster of clusters.splice(0)) await cluster.close();
  rmSync(directory, { recursive: true });
});

describe('a directory of manifests', () => {
  it('becomes a topology', () => {
    write('pods.yml', pod(10) + pod(2, { node: 'node-2', ready: 'False' }));
    write(
      'policy.yaml',
      policy(
        ', routing: Subset, pinning: Allowed, shareWeight: 2, objective: level, mode: Observe, cpuControl: CPU_QUOTA' +
          ', limits: {minWeight: 0.5, warmUpSeconds: 30}',
      ),
    );
    write('notes.txt', 'not a manifest');
    expect(open().read()).toEqual({
      nodes: [{ name: 'node-1' }, { name: 'node-2' }],
      services: [
        {
          namespace: 'hotel',
          name: 'geo',
          ports: [8080],
          mode: 'Observe',
          routing: 'Subset',
          pinning: true,
          objective: 'level',
          shareWeight: 2,
          cpuControl: 'CPU_QUOTA',
          limits: { minWeight: 0.5, warmUpSeconds: 30 },
          replicas: [
            {
              name: 'geo-2',
              uid: 'uid-2',
              node: 'node-2',
              addresses: { 8080: '10.0.0.2:18080' },
              ready: false,
              since: 0,
            },
            {
              name: 'geo-10',
              uid: 'uid-10',
              node: 'node-1',
              addresses: { 8080: '10.0.0.10:18080' },
              ready: true,
              since: 0,
            },
          ],
        },
      ],
    });
  });

  it('is in the domain that is named', () => {
    const options = { now: () => now, onProblem: () => undefined, clusterDomain: 'corp.example' };
    const cluster = new ManifestCluster(directory, options);
    clusters.push(cluster);
    expect(cluster.read().clusterDomain).toBe('corp.example');
    expect(open().read().clusterDomain).toBeUndefined();
  });

  it('has defaults for what a policy leaves out, and leaves out services without one', () => {
    write('pods.yaml', pod(0));
    write('rate.yaml', GEO.replaceAll('geo', 'rate'));
    write('policy.yaml', policy());
    expect(open().read().services).toMatchObject([
      { name: 'geo', mode: 'Enforce', routing: 'Endpoint', pinning: false, objective: 'delay', shareWeight: 1 },
    ]);
    expect(open().read().services).toHaveLength(1);
  });

  it.each([policy(), policy(', cpuControl: NONE')])(
    'leaves CPU settings alone unless a policy asks for them',
    (text) => {
      write('policy.yaml', text);
      expect(open().read().services[0]).not.toHaveProperty('cpuControl');
    },
  );

  it('finds the service of a Deployment by the labels of its pods', () => {
    write('deployment.yaml', DEPLOYMENT);
    write('pods.yaml', pod(0));
    write('policy.yaml', policy().replace('StatefulSet', 'Deployment'));
    expect(open().read().services).toMatchObject([{ name: 'geo', routing: 'Endpoint', replicas: [{ name: 'geo-0' }] }]);
  });

  it('does not balance a service whose policy is Off', () => {
    write('policy.yaml', policy(', mode: "Off"'));
    expect(open().read().services).toEqual([]);
  });

  it.each([
    ['resources: {limits: {cpu: 500m}}', 0.5],
    ["resources: {limits: {cpu: '1.5'}}", 1.5],
    ['resources: {limits: {cpu: 2}}', 2],
    ['resources: {limits: {memory: 1Gi}}', undefined],
  ])('reads the CPU limit of a pod from %s', (resources, cores) => {
    write('pods.yaml', pod(0, { spec: `, ${resources}` }));
    write('policy.yaml', policy());
    expect(open().read().services[0]?.replicas[0]?.limitCores).toBe(cores);
  });

  it.each([
    ['resources: {requests: {cpu: 500m}}', 0.5],
    ["resources: {requests: {cpu: '0.25'}}", 0.25],
    ['resources: {requests: {cpu: 1}, limits: {cpu: 2}}', 1],
    ['resources: {limits: {cpu: 2}}', 2],
    ['resources: {requests: {memory: 1Gi}}', undefined],
  ])('reads the CPU request of a pod from %s', (resources, cores) => {
    write('pods.yaml', pod(0, { spec: `, ${resources}` }));
    write('policy.yaml', policy());
    expect(open().read().services[0]?.replicas[0]?.requestCores).toBe(cores);
  });

  it('is read again when it changes; what is new then is new from then on', async () => {
    write('pods.yaml', pod(0));
    write('policy.yaml', policy());
    const opened = open();
    const changed = vi.fn();
    opened.onChange(changed);
    now = 9_000;
    write('pods.yaml', pod(0) + pod(1));
    await vi.waitFor(() => expect(opened.read().services[0]?.replicas).toHaveLength(2), { timeout: 10_000 });
    expect(opened.read().services[0]?.replicas.map(({ since }) => since)).toEqual([0, 9_000]);
    expect(changed).toHaveBeenCalled();
    expect(problems).toEqual([]);
  });

  it('remembers pods while their policy is Off', async () => {
    write('pods.yaml', pod(0));
    write('policy.yaml', policy());
    const opened = open();
    now = 9_000;
    write('policy.yaml', policy(', mode: "Off"'));
    await vi.waitFor(() => expect(opened.read().services).toEqual([]), { timeout: 10_000 });
    write('policy.yaml', policy());
    await vi.waitFor(() => expect(opened.read().services).toMatchObject([{ replicas: [{ since: 0 }] }]), {
      timeout: 10_000,
    });
  });

  it('that goes bad is reported and the topology before it kept', async () => {
    write('pods.yaml', pod(0));
    write('policy.yaml', policy());
    const opened = open();
    const before = opened.read();
    write('policy.yaml', policy(', mode: Enforced'));
    await vi.waitFor(() => expect(problems.length).toBeGreaterThan(0), { timeout: 10_000 });
    expect(problems.at(-1)).toEqual({
      code: 'INVALID_MANIFEST',
      message: 'policy.yaml: LoadBalancingPolicy hotel/geo: spec.mode: must be one of Enforce, Observe, Off',
    });
    expect(opened.read()).toBe(before);
  });

  it.each([
    ['broken YAML', 'x.yaml', 'kind: [', 'x.yaml: '],
    ['aliases that multiply', 'x.yaml', bomb(), 'x.yaml: '],
    [
      'an unknown field of a policy',
      'p.yaml',
      policy(', speed: 1'),
      'p.yaml: LoadBalancingPolicy hotel/geo: spec.speed:',
    ],
    [
      'a policy without its target',
      'p.yaml',
      policy().replace('geo-set', 'nobody'),
      'p.yaml: LoadBalancingPolicy hotel/geo: spec.targetRef.name: there is no StatefulSet hotel/nobody',
    ],
    [
      'a policy for a Deployment without a service',
      'p.yaml',
      policy().replace('StatefulSet', 'Deployment') + DEPLOYMENT.replace('app: geo', 'app: other'),
      'p.yaml: LoadBalancingPolicy hotel/geo: spec.targetRef.name: no Service selects the pods of Deployment hotel/geo-set',
    ],
    [
      'a policy that breaks a rule',
      'p.yaml',
      policy(', routing: Subset').replace('StatefulSet', 'Deployment'),
      'p.yaml: LoadBalancingPolicy hotel/geo: spec.routing: Subset needs replicas with lasting names',
    ],
    [
      'two policies for one service',
      'p.yaml',
      policy() + policy('', 'other'),
      'p.yaml: LoadBalancingPolicy hotel/other: spec.targetRef: another policy',
    ],
    ['one name twice', 'p.yaml', pod(0) + pod(0), 'p.yaml: Pod hotel/geo-0: metadata.name: p.yaml already has one'],
    [
      'a mode that YAML takes for false',
      'p.yaml',
      policy(', mode: Off'),
      'p.yaml: LoadBalancingPolicy hotel/geo: spec.mode: Off is false in YAML, to kubectl, too: write "Off"',
    ],
    [
      'a port name that no container has',
      'p.yaml',
      policy() + pod(0).replace('name: http', 'name: grpc'),
      'geo.yaml: Service hotel/geo: spec.ports[0].targetPort: no container has a port named http',
    ],
  ])('with %s is refused at the start, with file, object and field', (_case, file, text, message) => {
    write(file, text);
    expect(open).toThrow(
      expect.objectContaining({ code: 'INVALID_MANIFEST', message: expect.stringContaining(message) }),
    );
  });

  it.each([
    [
      'a CPU limit that is none',
      pod(1, { spec: ', resources: {limits: {cpu: lots}}' }),
      'p.yaml: Pod hotel/geo-1: spec.containers[0].resources.limits.cpu: lots is no quantity',
      ['geo-0', 'geo-1'],
    ],
    ['an unknown node', pod(1, { node: 'mars' }), 'p.yaml: Pod hotel/geo-1: spec.nodeName: there is no', ['geo-0']],
    [
      'a port of another form',
      pod(1).replace('containerPort: 18080', 'containerPort: many'),
      'p.yaml: Pod hotel/geo-1: spec.containers[0].ports[0].containerPort: must be integer',
      ['geo-0', 'geo-1'],
    ],
  ])('with %s loses only that, and tells it', (_case, text, message, replicas) => {
    write('p.yaml', policy() + pod(0) + text);
    expect(
      open()
        .read()
        .services[0]?.replicas.map(({ name }) => name),
    ).toEqual(replicas);
    expect(problems).toEqual([{ code: 'INVALID_MANIFEST', message: expect.stringContaining(message) }]);
  });

  it('tells of a fault once, not at each change', async () => {
    write('p.yaml', policy() + pod(0, { spec: ', resources: {limits: {cpu: lots}}' }));
    const opened = open();
    write('pods.yaml', pod(1));
    await vi.waitFor(() => expect(opened.read().services[0]?.replicas).toHaveLength(2), { timeout: 10_000 });
    expect(problems).toHaveLength(1);
  });

  it('that does not exist is refused at the start', () => {
    const missing = join(directory, 'missing');
    const options = { now: () => 0, onProblem: () => undefined };
    expect(() => new ManifestCluster(missing, options)).toThrow(/missing.*ENOENT/);
  });
});

function bomb(): string {
  const levels = Array.from({ length: 10 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`);
  return ['l0: &l0 [x]', ...levels].join('\n');
}
