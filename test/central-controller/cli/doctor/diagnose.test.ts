import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../../central-controller/cli/doctor/diagnose.ts';
import { ISTIO, KUBERNETES, oldestOf } from '../../../../contract/releases.ts';
import type { ClusterFacts, ClusterObject } from '../../../../central-controller/cli/doctor/facts.ts';

const READY = { conditions: [{ type: 'Ready', status: 'True' }] };

function object(name: string, namespace?: string, more: Partial<ClusterObject> = {}): ClusterObject {
  const { metadata, ...rest } = more;
  return { metadata: { name, ...(namespace !== undefined && { namespace }), ...metadata }, ...rest };
}

function pod(name: string, namespace: string, nodeName = 'node-1'): ClusterObject {
  return object(name, namespace, { spec: { nodeName }, status: READY });
}

function istiod(
  image = 'registry.example.com:5000/istio/pilot:1.29.2-distroless@sha256:1',
  flag = 'true',
): ClusterObject {
  const env = [{ name: 'PILOT_ENABLE_PERSISTENT_SESSION_FILTER', value: flag }];
  return object('istiod', 'istio-system', { spec: { template: { spec: { containers: [{ image, env }] } } } });
}

function policy(more: Partial<ClusterObject> = {}): ClusterObject {
  return object('search', 'shop', { spec: { targetRef: { kind: 'Service', name: 'search' } }, status: READY, ...more });
}

const PLUGIN = { pluginConfig: { agentCluster: 'outbound|15080||ballast-agent.ballast-agents.svc.cluster.local' } };

/** A cluster that lacks nothing. */
const WELL: ClusterFacts = {
  kubernetes: 'v1.34.0',
  nodes: [object('node-1'), object('node-2')],
  namespaces: [object('shop', undefined, { metadata: { name: 'shop', labels: { 'istio-injection': 'enabled' } } })],
  istiods: [istiod()],
  gateways: [pod('ingress', 'istio-ingress')],
  agents: [pod('agent-1', 'ballast-agents'), pod('agent-2', 'ballast-agents', 'node-2')],
  controllers: [pod('controller-1', 'ballast-system'), pod('controller-2', 'ballast-system')],
  policies: [policy()],
  plugins: [object('ballast', 'istio-system', { spec: PLUGIN })],
  lease: object('ballast-controller', 'ballast-system', { spec: { holderIdentity: 'controller-1_abc' } }),
  hardware: undefined,
};

/** The findings that are not `ok`. */
function found(lacking: Partial<ClusterFacts>): string[] {
  return diagnose({ ...WELL, ...lacking })
    .filter(({ level }) => level !== 'ok')
    .map(({ check, level, message, remedy }) => {
      expect(remedy).toMatch(/\w{4}/);
      return `${level} ${check}: ${message}`;
    });
}

function failing(reason: string, message: string): ClusterObject {
  return policy({ status: { conditions: [{ type: 'Ready', status: 'False', reason, message }] } });
}

describe('ballast doctor', () => {
  it('finds no problem in a complete cluster', () => {
    expect(found({})).toEqual([]);
    expect(diagnose(WELL).map(({ check }) => check)).toEqual([
      'Kubernetes',
      'Istio',
      'session filter',
      'controller',
      'agents',
      'plugin',
      'ingress',
      'injection',
      'policies',
    ]);
  });

  it('names the oldest release that Ballast is tested with', () => {
    const remedies = (facts: Partial<ClusterFacts>) => diagnose({ ...WELL, ...facts }).map(({ remedy }) => remedy);
    expect(remedies({ kubernetes: 'v1.33.9' })).toContain(`Upgrade to ${oldestOf(KUBERNETES)} or newer.`);
    expect(remedies({ istiods: [istiod('istio/pilot:1.28.3')] })).toContain(`Upgrade to ${oldestOf(ISTIO)} or newer.`);
    expect(remedies({ kubernetes: 'v2.0.0' }).filter((remedy) => remedy !== undefined)).toEqual([]);
  });

  it.each<[Partial<ClusterFacts>, string]>([
    [{ kubernetes: 'v1.33.9' }, 'warning Kubernetes: v1.33.9 is older than the tested versions'],
    [{ kubernetes: '' }, 'warning Kubernetes: the version is unknown (not reported)'],
    [{ istiods: [] }, 'error Istio: no Deployment has the label app=istiod'],
    [{ istiods: [istiod('istio/pilot:1.20.0')] }, 'warning Istio: 1.20.0 is older'],
    [{ istiods: [istiod('istio/pilot@sha256:1')] }, 'warning Istio: the version is unknown'],
    [{ istiods: [istiod(undefined, 'false')] }, 'error session filter: istiod runs without'],
    [
      {
        istiods: [istiod(undefined, 'false')],
        policies: [policy({ spec: { ...policy().spec, routing: 'Subset' } })],
      },
      'warning session filter: istiod runs without',
    ],
    [{ controllers: [] }, 'error controller: none of 0 pods is ready'],
    [{ lease: undefined }, 'error controller: there is no leader'],
    [{ controllers: WELL.controllers.slice(1) }, 'warning controller: only 1 pod is ready'],
    [{ agents: WELL.agents.slice(1) }, 'warning agents: none is ready on node-1'],
    [{ agents: [] }, 'error agents: none is ready on node-1, node-2'],
    [{ plugins: [object('other', 'istio-system', { spec: {} })] }, 'error plugin: no WasmPlugin or TrafficExtension'],
    [
      { plugins: [object('ballast', 'istio-ingress', { spec: PLUGIN })] },
      'error plugin: proxies in shop do not load the plugin',
    ],
    [{ plugins: [object('ballast', 'shop', { spec: PLUGIN })] }, 'warning ingress: gateways in istio-ingress do not'],
    [{ policies: undefined }, 'error policies: the cluster has no kind LoadBalancingPolicy'],
    [{ policies: [] }, 'warning policies: there are no policies'],
    [{ namespaces: [object('shop')] }, 'warning injection: namespace shop has no label'],
    [{ policies: [policy({ status: {} })] }, 'error policies: shop/search: no controller has set its status'],
    [{ policies: [failing('Conflict', 'An older one')] }, 'error policies: shop/search: An older one (Conflict)'],
    [{ policies: [failing('Learning', 'Not yet')] }, 'warning policies: shop/search: Not yet (Learning)'],
  ])('%j gives a problem', (lacking, message) => {
    expect(found(lacking)).toEqual([expect.stringContaining(message) as string]);
  });

  it('names what nodes are made of, those that are alike in one line', () => {
    const inventory = {
      cpuModel: 'AMD EPYC 9654',
      cpuGHz: 2.4,
      cores: 8,
      threads: 16,
      virtual: true,
      memoryBytes: 2 ** 35,
      kernel: '6.12.1',
      cgroupVersion: 'v2',
    } as const;
    const small = { ...inventory, cpuGHz: null, cores: 4, threads: 4, virtual: false };
    const hardware = [
      { name: 'node-1', inventory },
      { name: 'node-2', inventory },
      { name: 'node-3', inventory: small },
      { name: 'node-4' },
    ];
    const lines = diagnose({ ...WELL, hardware }).filter(({ check }) => check === 'nodes');
    expect(lines.map(({ level, message }) => `${level} ${message.replaceAll('\u202f', ' ')}`)).toEqual([
      'ok node-1, node-2: AMD EPYC 9654, 2.4 GHz, 8 cores, 16 threads, 32.0 GiB, virtual machine, kernel 6.12.1, cgroup v2',
      'ok node-3: AMD EPYC 9654, 4 cores, 32.0 GiB, kernel 6.12.1, cgroup v2',
    ]);
  });

  it('checks nothing for a policy in mode Off', () => {
    const off = policy({ spec: { ...policy().spec, mode: 'Off' }, status: {} });
    expect(found({ policies: [off], namespaces: [] })).toEqual([]);
  });
});
