/** From what is seen of a cluster to what keeps Ballast from working there, each with its remedy. Pure. */
import { qualifiedName } from '../../../contract/names.ts';
import type { PolicyStatus } from '../../../contract/policy-status.ts';
import { type PolicySpec, withPolicyDefaults } from '../../../contract/policy.ts';
import type { ClusterFacts, ClusterObject } from './facts.ts';

export interface Finding {
  readonly check: string;
  /** `error` keeps Ballast from working; `warning`: something works less well, or not everywhere. */
  readonly level: 'ok' | 'warning' | 'error';
  readonly message: string;
  readonly remedy?: string;
}

/** Oldest that are tested. */
const KUBERNETES = { name: 'Kubernetes', major: 1, minor: 29 };
const ISTIO = { name: 'Istio', major: 1, minor: 29 };

const GUIDE = 'docs/guide/install.md';
const SESSION_FLAG = 'PILOT_ENABLE_PERSISTENT_SESSION_FILTER';

export function diagnose(facts: ClusterFacts): Finding[] {
  return [
    versionFinding(KUBERNETES, facts.kubernetes),
    ...istio(facts),
    ...controllers(facts),
    ...agents(facts),
    ...plugin(facts),
    ...policies(facts),
  ];
}

function finding(check: string, level: Finding['level'], message: string, remedy?: string): Finding {
  return { check, level, message, ...(remedy !== undefined && { remedy }) };
}

function versionFinding({ name, major, minor }: typeof KUBERNETES, version: string): Finding {
  const [, isMajor, isMinor] = /(\d+)\.(\d+)/.exec(version) ?? [];
  if (isMajor === undefined) {
    return finding(
      name,
      'warning',
      `its version is not known (${version || 'none told'})`,
      `See ${GUIDE} for what is tested.`,
    );
  }
  const isNew = Number(isMajor) > major || (Number(isMajor) === major && Number(isMinor) >= minor);
  if (isNew) return finding(name, 'ok', version);
  return finding(name, 'warning', `${version} is older than what is tested`, `Upgrade to ${major}.${minor} or newer.`);
}

interface Container {
  readonly image?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

function containersOf({ spec }: ClusterObject): readonly Container[] {
  const template = spec?.['template'] as { readonly spec?: { readonly containers?: readonly Container[] } } | undefined;
  return template?.spec?.containers ?? [];
}

function istio({ istiods, policies: all }: ClusterFacts): Finding[] {
  if (istiods.length === 0) {
    return [
      finding('Istio', 'error', 'no Deployment has the label app=istiod', `Install Istio with sidecars: ${GUIDE}`),
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
      versionFinding(ISTIO, version),
      isOn
        ? finding('session filter', 'ok', `${istiod.metadata.name} has ${SESSION_FLAG}=true`)
        : finding(
            'session filter',
            isNeeded ? 'error' : 'warning',
            `${istiod.metadata.name} runs without ${SESSION_FLAG}=true: Endpoint routing chooses no replica`,
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

function controllers({ controllers: pods, lease }: ClusterFacts): Finding[] {
  const ready = pods.filter(isReady).length;
  if (ready === 0) {
    const remedy = `kubectl apply -k istio-configs/base; kubectl -n ballast-system describe pods`;
    return [finding('controller', 'error', `${pods.length} pods, and none of them is ready`, remedy)];
  }
  const holder = lease?.spec?.['holderIdentity'];
  if (typeof holder !== 'string' || holder === '') {
    const remedy = 'kubectl -n ballast-system logs -l app.kubernetes.io/name=central-controller';
    return [finding('controller', 'error', 'nobody leads', remedy)];
  }
  const few =
    ready < 2
      ? finding(
          'controller',
          'warning',
          `${ready} pod is ready: without a second one, agents keep their weights for a while only`,
          'kubectl -n ballast-system scale deployment/ballast-controller --replicas 2',
        )
      : undefined;
  return [finding('controller', 'ok', `${holder} leads, ${ready} ready`), ...(few ? [few] : [])];
}

function nodeOf({ spec }: ClusterObject): string {
  return String(spec?.['nodeName'] ?? '');
}

function agents({ agents: pods, nodes }: ClusterFacts): Finding[] {
  const served = new Set(pods.filter(isReady).map(nodeOf));
  const without = nodes.map(({ metadata }) => metadata.name).filter((name) => !served.has(name));
  if (without.length === 0) return [finding('agents', 'ok', `one on each of ${nodes.length} nodes`)];
  return [
    finding(
      'agents',
      served.size === 0 ? 'error' : 'warning',
      `none is ready on ${without.join(', ')}: replicas there keep an equal weight`,
      'kubectl -n ballast-agents get pods -o wide; a taint may keep the DaemonSet ballast-agent from these nodes',
    ),
  ];
}

/** Objects by which Istio loads the plugin; each names the agent in its configuration. */
function isOurs({ spec }: ClusterObject): boolean {
  return JSON.stringify(spec ?? {}).includes('||ballast-agent.');
}

function plugin(facts: ClusterFacts): Finding[] {
  const ours = facts.plugins.filter(isOurs);
  if (ours.length === 0) {
    const remedy = 'kubectl apply --namespace <namespace> -k istio-configs/plugin/wasm-plugin';
    return [finding('plugin', 'error', 'no WasmPlugin or TrafficExtension loads it', remedy)];
  }
  const roots = new Set(['istio-system', ...facts.istiods.map(({ metadata }) => metadata.namespace ?? '')]);
  const covered = new Set(ours.map(({ metadata }) => metadata.namespace ?? ''));
  const isEverywhere = [...covered].some((namespace) => roots.has(namespace));
  const misses = (namespaces: readonly string[]): string[] =>
    isEverywhere ? [] : [...new Set(namespaces)].filter((namespace) => !covered.has(namespace));
  const balanced = misses(balancedNamespaces(facts));
  const open = misses(facts.gateways.map(({ metadata }) => metadata.namespace ?? ''));
  const remedy = (namespace: string): string =>
    `kubectl apply --namespace ${namespace} -k istio-configs/plugin/wasm-plugin`;
  const gatewaysText = facts.gateways.length === 0 ? 'there is no ingress gateway' : 'gateways have the plugin';
  return [
    ...(balanced.length === 0 ? [finding('plugin', 'ok', 'proxies of all balanced services load it')] : []),
    ...balanced.map((namespace) =>
      finding('plugin', 'error', `proxies in ${namespace} do not load it`, remedy(namespace)),
    ),
    ...(open.length === 0 ? [finding('ingress', 'ok', `${gatewaysText}: nobody outside can name a replica`)] : []),
    ...open.map((namespace) =>
      finding(
        'ingress',
        'warning',
        `gateways in ${namespace} do not load the plugin: they do not balance, and let x-lb-endpt of clients through`,
        remedy(namespace),
      ),
    ),
  ];
}

function specOf({ spec }: ClusterObject) {
  // The API server has checked it.
  return withPolicyDefaults(spec as unknown as PolicySpec);
}

function balancedNamespaces({ policies: all }: ClusterFacts): string[] {
  return (all ?? [])
    .filter((policy) => specOf(policy).mode !== 'Off')
    .map(({ metadata }) => metadata.namespace ?? 'default');
}

function policies(facts: ClusterFacts): Finding[] {
  if (facts.policies === undefined) {
    const remedy = 'kubectl apply -f istio-configs/base/crds';
    return [finding('policies', 'error', 'the cluster knows no LoadBalancingPolicy', remedy)];
  }
  if (facts.policies.length === 0) {
    return [finding('policies', 'warning', 'there are none: no service is balanced', `Write one: ${GUIDE}`)];
  }
  const found = [...new Set(balancedNamespaces(facts))].flatMap((name) => injection(name, facts));
  const bad = facts.policies.flatMap(policyFindings);
  const fine = facts.policies.length - bad.length;
  return [...found, ...bad, ...(fine > 0 ? [finding('policies', 'ok', `${fine} as they should be`)] : [])];
}

function injection(name: string, { namespaces }: ClusterFacts): Finding[] {
  const labels = namespaces.find(({ metadata }) => metadata.name === name)?.metadata.labels ?? {};
  const isInjected = labels['istio-injection'] === 'enabled' || (labels['istio.io/rev'] ?? '') !== '';
  if (isInjected) return [finding('injection', 'ok', `pods in ${name} get sidecars`)];
  const remedy = `kubectl label namespace ${name} istio-injection=enabled, and restart its pods`;
  return [
    finding('injection', 'warning', `namespace ${name} has no label that injects sidecars into its pods`, remedy),
  ];
}

function policyFindings(policy: ClusterObject): Finding[] {
  const name = qualifiedName(policy.metadata);
  const { conditions } = (policy.status ?? {}) as Pick<PolicyStatus, 'conditions'>;
  if (specOf(policy).mode === 'Off') return [];
  const ready = conditions?.find(({ type }) => type === 'Ready');
  const see = `kubectl -n ${policy.metadata.namespace ?? 'default'} describe lbp ${policy.metadata.name}`;
  if (!ready) return [finding('policies', 'error', `${name}: no controller has looked at it`, see)];
  if (ready.status === 'True') return [];
  const waits = ready.reason === 'Learning' || ready.reason === 'InProgress' || ready.reason === 'NoReplicas';
  return [finding('policies', waits ? 'warning' : 'error', `${name}: ${ready.message} (${ready.reason})`, see)];
}
