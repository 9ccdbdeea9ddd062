/** Which service a policy leads to, and what is said where it leads to none. */
import { describe, expect, it } from 'vitest';
import { joinTopology } from '../../../central-controller/cluster/join.ts';
import type {
  ClusterObjects,
  Deployment,
  Service,
  StatefulSet,
} from '../../../central-controller/kubernetes/objects.ts';
import type { LoadBalancingPolicy, PolicySpec } from '../../../contract/policy.ts';

const metadata = (name: string, namespace = 'shop') => ({ name, namespace });

function service(name: string, spec: Partial<Service['spec']> = {}, namespace?: string): Service {
  const ports = [{ port: 8080 }];
  return {
    kind: 'Service',
    metadata: metadata(name, namespace),
    spec: { selector: { app: 'search' }, ports, ...spec },
  };
}

const template = { metadata: { labels: { app: 'search', version: 'v2' } } };
const statefulSet: StatefulSet = {
  kind: 'StatefulSet',
  metadata: metadata('search-set'),
  spec: { serviceName: 'search-pods', template },
};
const deployment: Deployment = { kind: 'Deployment', metadata: metadata('search-app'), spec: { template } };

function policy(targetRef: PolicySpec['targetRef'], name = 'search'): LoadBalancingPolicy {
  return {
    apiVersion: 'ballast.dev/v1alpha1',
    kind: 'LoadBalancingPolicy',
    metadata: metadata(name),
    spec: { targetRef },
  };
}

const SET = { kind: 'StatefulSet', name: 'search-set' } as const;
const APP = { kind: 'Deployment', name: 'search-app' } as const;

function join(services: readonly Service[], ...policies: readonly LoadBalancingPolicy[]) {
  const workloads = { statefulSets: [statefulSet], deployments: [deployment] };
  const objects: ClusterObjects = { nodes: [], pods: [], services, policies, ...workloads };
  return joinTopology(objects, new Map());
}

describe('a policy', () => {
  const headless = service('search-pods', { clusterIP: 'None' });

  it.each([
    ['a Service', { kind: 'Service', name: 'search' } as const, [service('search'), service('other')], 'search'],
    [
      'the Service that governs the StatefulSet',
      SET,
      [service('search-pods', { selector: { role: 'any' } })],
      'search-pods',
    ],
    ['the Service with an address beside that', SET, [headless, service('search')], 'search'],
    ['the governing one of several', SET, [service('search'), service('search-pods')], 'search-pods'],
    ['the Service of a Deployment', APP, [headless, service('search')], 'search'],
    [
      'the Service that selects it, not one like it',
      APP,
      [service('old', { selector: { version: 'v1' } }), service('search')],
      'search',
    ],
    ['the Service of its own namespace', APP, [service('search', {}, 'bazaar'), service('search-2')], 'search-2'],
  ])('leads to %s', (_case, target, services, name) => {
    const { topology, problems } = join(services, policy(target));
    expect(problems).toEqual([]);
    expect(topology.services).toMatchObject([{ namespace: 'shop', name }]);
  });

  it.each([
    ['its StatefulSet', { ...SET, name: 'nobody' }, [], 'TargetNotFound', 'no StatefulSet shop/nobody'],
    ['its Deployment', { ...APP, name: 'nobody' }, [], 'TargetNotFound', 'no Deployment shop/nobody'],
    ['its Service', { kind: 'Service', name: 'search' } as const, [], 'TargetNotFound', 'no Service shop/search'],
    ["its StatefulSet's Service", SET, [], 'ServiceNotFound', 'no Service shop/search-pods'],
    ['a Service of its Deployment', APP, [headless], 'ServiceNotFound', 'no Service selects the pods of Deployment'],
    ['one Service only', APP, [service('a'), service('b')], 'AmbiguousService', 'a, b all select the pods'],
    ['a Service with an address', SET, [headless], 'InvalidService', 'Service shop/search-pods is headless'],
    [
      'one whose callers reach all replicas',
      { kind: 'Service', name: 'search' } as const,
      [service('search', { internalTrafficPolicy: 'Local' })],
      'InvalidService',
      'has spec.internalTrafficPolicy: Local',
    ],
    [
      'a Service with pods',
      { kind: 'Service', name: 'search' } as const,
      [service('search', { type: 'ExternalName' })],
      'InvalidService',
      'is of type ExternalName',
    ],
    [
      'a selector',
      { kind: 'Service', name: 'search' } as const,
      [service('search', { selector: {} })],
      'InvalidService',
      'no spec.selector',
    ],
  ] as const)('that does not find %s is told so, with a reason', (_case, target, services, reason, text) => {
    const { topology, problems } = join(services, policy(target));
    expect(topology.services).toEqual([]);
    expect(problems).toMatchObject([
      { kind: 'LoadBalancingPolicy', name: 'shop/search', policy: 'shop/search', reason },
    ]);
    expect(problems[0]?.text).toContain(text);
  });

  it('that comes second to a service is told so, by whatever name it calls it', () => {
    const { topology, problems } = join([service('search')], policy(APP), policy(SET, 'late'));
    expect(topology.services).toHaveLength(1);
    expect(problems).toMatchObject([{ name: 'shop/late', policy: 'shop/late', reason: 'Conflict' }]);
  });

  it('for another Service of the same pods is told so: what a pod counts would count twice', () => {
    const pods = [
      { kind: 'Pod', metadata: { ...metadata('search-0'), uid: 'u0', labels: { app: 'search' } }, spec: {} },
    ];
    const [web, admin] = ['web', 'admin'].map((name) => policy({ kind: 'Service', name }, name));
    const policies = [web, admin].filter((each) => each !== undefined);
    const services = [service('web'), service('admin')];
    const objects = { nodes: [], pods, services, policies, statefulSets: [], deployments: [] } as ClusterObjects;
    const { topology, problems } = joinTopology(objects, new Map());
    expect(topology.services).toMatchObject([{ name: 'web' }]);
    expect(problems).toMatchObject([{ policy: 'shop/admin', reason: 'Conflict' }]);
    expect(problems[0]?.text).toContain('pod shop/search-0 is balanced already, as one of service shop/web');
  });
});
