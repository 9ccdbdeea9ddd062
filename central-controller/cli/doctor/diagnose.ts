/** Checks the facts of a cluster. A check that fails has a remedy. */
import { qualifiedName } from '../../../contract/names.ts';
import type { PolicyStatus } from '../../../contract/policy-status.ts';
import { type PolicySpec, withPolicyDefaults } from '../../../contract/policy.ts';
import { ISTIO, KUBERNETES, oldestOf } from '../../../contract/releases.ts';
import { hardware, listed } from '../../dashboard/format.js';
import type { ClusterFacts, ClusterObject } from './facts.ts';

export interface CheckResult {
  readonly check: string;
  /** `error`: Ballast does not work. `warning`: it works less well, or not everywhere. */
  readonly level: 'ok' | 'warning' | 'error';
  readonly message: string;
  readonly remedy?: string;
}

const GUIDE = 'docs/guide/install.md';
const SESSION_FLAG = 'PILOT_ENABLE_PERSISTENT_SESSION_FILTER';

export function diagnose(facts: ClusterFacts): CheckResult[] {
  return [
    checkVersion('Kubernetes', oldestOf(KUBERNETES), facts.kubernetes),
    ...istio(facts),
    ...controllers(facts),
    ...agents(facts),
    ...nodes(facts),
    ...plugin(facts),
    ...policies(facts),
  ];
}

function result(check: string, level: CheckResult['level'], message: string, remedy?: string): CheckResult {
  return { check, level, message, ...(remedy !== undefined && { remedy }) };
}

function checkVersion(name: string, oldest: string, version: string): CheckResult {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) {
    return result(
      name,
      'warning',
      `the version is unknown (${version || 'not reported'})`,
      `See ${GUIDE} for the tested versions.`,
    );
  }
  const [oldestMajor, oldestMinor] = oldest.split('.').map(Number);
  const distance = Number(major) - (oldestMajor ?? 0) || Number(minor) - (oldestMinor ?? 0);
  if (distance >= 0) return result(name, 'ok', version);
  return result(name, 'warning', `${version} is older than the tested versions`, `Upgrade to ${oldest} or newer.`);
}

interface Container {
  readonly image?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

function containersOf({ spec }: ClusterObject): readonly Container[] {
  const template = spec?.['template'] as { readonly spec?: { readonly containers?: readonly Container[] } } | undefined;
  return template?.spec?.containers ?? [];
}

function istio({ istiods, policies: all }: ClusterFacts): CheckResult[] {
  if (istiods.length === 0) {
    return [
      result('Istio', 'error', 'no Deployment has the label app=istiod', `Install Istio with sidecars: ${GUIDE}`),
    ];
  }
  return istiods.flatMap((istiod) => {
    const [container] = containersOf(istiod);
    const version = container?.image?.split('@', 1)[0]?.split('/').at(-1)?.split(':')[1] ?? '';
    const isOn = containersOf(istiod).some(({ env = [] }) =>
      env.some(({ name, value }) => name === SESSION_FLAG && value === 'true'),
    );
    const isNeeded = (all ?? []).some((policy) => specOf(policy).routing === 'Endpoint');
    return [
      checkVersion('Istio', oldestOf(ISTIO), version),
      isOn
        ? result('session filter', 'ok', `${istiod.metadata.name} has ${SESSION_FLAG}=true`)
        : result(
            'session filter',
            isNeeded ? 'error' : 'warning',
            `${istiod.metadata.name} runs without ${SESSION_FLAG}=true, so Endpoint routing has no effect`,
            'helm upgrade istiod istio/istiod -n istio-system --reuse-values ' +
              `--set pilot.env.${SESSION_FLAG}=true, or use Subset routing`,
          ),
    ];
  });
}

function isReady({ status }: ClusterObject): boolean {
  const conditions = (status?.['conditions'] ?? []) as readonly { readonly type: string; readonly status: string }[];
  return conditions.some(({ type, status: holds }) => type === 'Ready' && holds === 'True');
}

function controllers({ controllers: pods, lease }: ClusterFacts): CheckResult[] {
  const ready = pods.filter(isReady).length;
  if (ready === 0) {
    const remedy = `kubectl apply -k istio-configs/base; kubectl -n ballast-system describe pods`;
    return [result('controller', 'error', `none of ${pods.length} pods is ready`, remedy)];
  }
  const holder = lease?.spec?.['holderIdentity'];
  if (typeof holder !== 'string' || holder === '') {
    const remedy = 'kubectl -n ballast-system logs -l app.kubernetes.io/name=central-controller';
    return [result('controller', 'error', 'there is no leader', remedy)];
  }
  const few =
    ready < 2
      ? result(
          'controller',
          'warning',
          `only ${ready} pod is ready: if it fails, weights expire before a new one starts`,
          'kubectl -n ballast-system scale deployment/ballast-controller --replicas 2',
        )
      : undefined;
  return [result('controller', 'ok', `${holder} leads, ${ready} ready`), ...(few ? [few] : [])];
}

function nodeOf({ spec }: ClusterObject): string {
  return String(spec?.['nodeName'] ?? '');
}

function agents({ agents: pods, nodes }: ClusterFacts): CheckResult[] {
  const served = new Set(pods.filter(isReady).map(nodeOf));
  const without = nodes.map(({ metadata }) => metadata.name).filter((name) => !served.has(name));
  if (without.length === 0) return [result('agents', 'ok', `ready on all ${nodes.length} nodes`)];
  return [
    result(
      'agents',
      served.size === 0 ? 'error' : 'warning',
      `none is ready on ${without.join(', ')}: replicas there keep the equal share`,
      'kubectl -n ballast-agents get pods -o wide; a taint may keep the DaemonSet ballast-agent from these nodes',
    ),
  ];
}

/** One line for all nodes that are made alike. */
function nodes({ hardware: known = [] }: ClusterFacts): CheckResult[] {
  const made = known.flatMap(({ name, inventory }) => (inventory ? [{ name, words: hardware(inventory) }] : []));
  return [...Map.groupBy(made, ({ words }) => words)].map(([words, alike]) =>
    result('nodes', 'ok', `${listed(alike.map(({ name }) => name))}: ${words}`),
  );
}

/** Whether Istio loads the plugin with this object: its configuration names the agent. */
function isOurs({ spec }: ClusterObject): boolean {
  return JSON.stringify(spec ?? {}).includes('||ballast-agent.');
}

function plugin(facts: ClusterFacts): CheckResult[] {
  const ours = facts.plugins.filter(isOurs);
  if (ours.length === 0) {
    const remedy = 'kubectl apply --namespace <namespace> -k istio-configs/plugin/wasm-plugin';
    return [result('plugin', 'error', 'no WasmPlugin or TrafficExtension loads the plugin', remedy)];
  }
  const roots = new Set(['istio-system', ...facts.istiods.map(({ metadata }) => metadata.namespace ?? '')]);
  const covered = new Set(ours.map(({ metadata }) => metadata.namespace ?? ''));
  const isEverywhere = [...covered].some((namespace) => roots.has(namespace));
  const misses = (namespaces: readonly string[]): string[] =>
    isEverywhere ? [] : [...new Set(namespaces)].filter((namespace) => !covered.has(namespace));
  const balanced = misses(balancedNamespaces(facts));
  const uncovered = misses(facts.gateways.map(({ metadata }) => metadata.namespace ?? ''));
  const remedy = (namespace: string): string =>
    `kubectl apply --namespace ${namespace} -k istio-configs/plugin/wasm-plugin`;
  const gatewaysText = facts.gateways.length === 0 ? 'there is no ingress gateway' : 'all gateways load the plugin';
  return [
    ...(balanced.length === 0 ? [result('plugin', 'ok', 'the proxies of all balanced services load the plugin')] : []),
    ...balanced.map((namespace) =>
      result('plugin', 'error', `proxies in ${namespace} do not load the plugin`, remedy(namespace)),
    ),
    ...(uncovered.length === 0
      ? [result('ingress', 'ok', `${gatewaysText}, so clients outside cannot choose a replica`)]
      : []),
    ...uncovered.map((namespace) =>
      result(
        'ingress',
        'warning',
        `gateways in ${namespace} do not load the plugin: they do not balance, and pass the x-lb-endpt of clients on`,
        remedy(namespace),
      ),
    ),
  ];
}

function specOf({ spec }: ClusterObject) {
  // The API server has validated it.
  return withPolicyDefaults(spec as unknown as PolicySpec);
}

function balancedNamespaces({ policies: all }: ClusterFacts): string[] {
  return (all ?? [])
    .filter((policy) => specOf(policy).mode !== 'Off')
    .map(({ metadata }) => metadata.namespace ?? 'default');
}

function policies(facts: ClusterFacts): CheckResult[] {
  if (facts.policies === undefined) {
    const remedy = 'kubectl apply -f istio-configs/base/crds';
    return [result('policies', 'error', 'the cluster has no kind LoadBalancingPolicy', remedy)];
  }
  if (facts.policies.length === 0) {
    return [result('policies', 'warning', 'there are no policies, so no service is balanced', `Write one: ${GUIDE}`)];
  }
  const found = [...new Set(balancedNamespaces(facts))].flatMap((name) => injection(name, facts));
  const bad = facts.policies.flatMap(checkPolicy);
  const fine = facts.policies.length - bad.length;
  return [...found, ...bad, ...(fine > 0 ? [result('policies', 'ok', `${fine} without problems`)] : [])];
}

function injection(name: string, { namespaces }: ClusterFacts): CheckResult[] {
  const labels = namespaces.find(({ metadata }) => metadata.name === name)?.metadata.labels ?? {};
  const isInjected = labels['istio-injection'] === 'enabled' || (labels['istio.io/rev'] ?? '') !== '';
  if (isInjected) return [result('injection', 'ok', `pods in ${name} get sidecars`)];
  const remedy = `kubectl label namespace ${name} istio-injection=enabled, and restart its pods`;
  return [result('injection', 'warning', `namespace ${name} has no label for sidecar injection`, remedy)];
}

function checkPolicy(policy: ClusterObject): CheckResult[] {
  const name = qualifiedName(policy.metadata);
  const { conditions } = (policy.status ?? {}) as Pick<PolicyStatus, 'conditions'>;
  if (specOf(policy).mode === 'Off') return [];
  const ready = conditions?.find(({ type }) => type === 'Ready');
  const see = `kubectl -n ${policy.metadata.namespace ?? 'default'} describe lbp ${policy.metadata.name}`;
  if (!ready) return [result('policies', 'error', `${name}: no controller has set its status`, see)];
  if (ready.status === 'True') return [];
  const isTransient = ready.reason === 'Learning' || ready.reason === 'InProgress' || ready.reason === 'NoReplicas';
  return [result('policies', isTransient ? 'warning' : 'error', `${name}: ${ready.message} (${ready.reason})`, see)];
}
