/**
 * Which Istio objects speak for a host, as istiod decides it. The controller, `ballast render` and the local mesh all
 * ask here. Pure.
 */
import type { DestinationRule, VirtualService } from '../kubernetes/istio.ts';
import { type Labels, namespaceOf, selects } from '../kubernetes/manifest.ts';
import { fullHost, hostOf, type ServiceName } from './istio-names.ts';

/** Istio's root namespace: its objects count for the whole mesh where nothing nearer does. */
export const ROOT_NAMESPACE = 'istio-system';

type IstioObject = Pick<DestinationRule, 'metadata'> & { readonly spec: { readonly exportTo?: readonly string[] } };

/** Does a host of an Istio object cover this host? `*` and `*.suffix` are wildcards. */
export function coversHost(pattern: string, host: string): boolean {
  return pattern.startsWith('*') ? host.endsWith(pattern.slice(1)) : pattern === host;
}

export function isWildcard(host: string): boolean {
  return host.startsWith('*');
}

/** istiod takes older objects first, and those of one age by name, then namespace. */
export function byAge(a: IstioObject, b: IstioObject): number {
  const keys = ({ metadata, ...rest }: IstioObject): readonly string[] => [
    metadata.creationTimestamp ?? '',
    metadata.name,
    namespaceOf({ metadata, ...rest }),
  ];
  const [left, right] = [keys(a), keys(b)];
  const differs = left.findIndex((key, index) => key !== right[index]);
  return differs === -1 ? 0 : (left[differs] ?? '') < (right[differs] ?? '') ? -1 : 1;
}

/** Do proxies of the namespace see the object? */
export function isVisibleIn(namespace: string, object: IstioObject): boolean {
  const { exportTo } = object.spec;
  const own = namespaceOf(object);
  if (!exportTo || exportTo.length === 0) return true;
  return exportTo.some((to) => to === '*' || to === namespace || (to === '.' && own === namespace));
}

/** Do proxies of all namespaces see the object? */
function isPublic({ spec: { exportTo } }: IstioObject): boolean {
  return !exportTo || exportTo.length === 0 || exportTo.includes('*');
}

/** Only proxies of the object's own namespace see it. */
function isPrivate(object: IstioObject): boolean {
  const own = namespaceOf(object);
  const { exportTo = [] } = object.spec;
  return exportTo.length > 0 && exportTo.every((to) => to === '.' || to === '~' || to === own);
}

/** The full hosts that a DestinationRule or VirtualService names. */
export function hostsOf(object: DestinationRule | VirtualService, clusterDomain: string | undefined): string[] {
  const names = 'host' in object.spec ? [object.spec.host] : (object.spec.hosts ?? []);
  return names.map((name) => fullHost(name, namespaceOf(object), clusterDomain));
}

/** The objects with the most specific host that covers this one, the oldest first. */
function mostSpecific<T extends DestinationRule | VirtualService>(
  objects: readonly T[],
  host: string,
  clusterDomain: string | undefined,
): T[] {
  const matches = objects.map((object) => {
    const covering = hostsOf(object, clusterDomain).filter((pattern) => coversHost(pattern, host));
    return {
      object,
      rank: Math.max(-1, ...covering.map((pattern) => (isWildcard(pattern) ? pattern.length : Infinity))),
    };
  });
  const best = Math.max(0, ...matches.map(({ rank }) => rank));
  return matches
    .filter(({ rank }) => rank === best)
    .map(({ object }) => object)
    .toSorted(byAge);
}

/** The VirtualService that decides on requests of a proxy to this host inside the mesh. */
export function virtualServiceFor<T extends VirtualService>(
  objects: readonly T[],
  host: string,
  namespace: string,
  clusterDomain?: string,
): T | undefined {
  const candidates = mostSpecific(
    objects.filter((object) => isBoundToMesh(object) && isVisibleIn(namespace, object)),
    host,
    clusterDomain,
  );
  const isNear = (object: T): boolean => isPrivate(object) && namespaceOf(object) === namespace;
  return candidates.find(isNear) ?? candidates.find((object) => !isPublic(object)) ?? candidates[0];
}

export function isBoundToMesh({ spec: { gateways } }: VirtualService): boolean {
  return !gateways || gateways.length === 0 || gateways.includes('mesh');
}

/** The namespaces whose rules count for a proxy, the nearest first. */
function namespacesFor(service: ServiceName, client: string): string[] {
  return [...new Set([client, service.namespace, ROOT_NAMESPACE])];
}

/**
 * The DestinationRule of a proxy for a service. The nearest namespace with a rule for its host counts alone, and there the
 * most specific host: if all rules of that host select other workloads, the proxy has no rule.
 */
export function destinationRuleFor<T extends DestinationRule>(
  rules: readonly T[],
  service: ServiceName,
  client: { readonly namespace: string; readonly labels: Labels },
): T | undefined {
  const visible = rules.filter((rule) => isVisibleIn(client.namespace, rule));
  for (const namespace of namespacesFor(service, client.namespace)) {
    const near = visible.filter((rule) => namespaceOf(rule) === namespace);
    const found = mostSpecific(near, hostOf(service), service.clusterDomain);
    if (found.length === 0) continue;
    const selected = found.filter(({ spec }) => {
      const selector = spec.workloadSelector?.matchLabels;
      return namespace === client.namespace && selector !== undefined && selects(selector, client.labels);
    });
    return joined(selected.length > 0 ? selected : found.filter(({ spec }) => spec.workloadSelector === undefined));
  }
  return undefined;
}

/** Is the rule for proxies of all namespaces that call a service of this one? Others are for some callers only. */
export function isForAllCallers(rule: DestinationRule, serviceNamespace: string): boolean {
  if (!isPublic(rule) || rule.spec.workloadSelector !== undefined) return false;
  return [serviceNamespace, ROOT_NAMESPACE].includes(namespaceOf(rule));
}

/** The rule for all callers of a service. */
export function publicRuleFor<T extends DestinationRule>(rules: readonly T[], service: ServiceName): T | undefined {
  const shared = rules.filter((rule) => isForAllCallers(rule, service.namespace));
  for (const namespace of new Set([service.namespace, ROOT_NAMESPACE])) {
    const near = shared.filter((rule) => namespaceOf(rule) === namespace);
    const [oldest] = mostSpecific(near, hostOf(service), service.clusterDomain);
    if (oldest) return oldest;
  }
  return undefined;
}

/** Several rules for one host: the traffic policy of the oldest that has one counts, and subsets are joined. */
function joined<T extends DestinationRule>(rules: readonly T[]): T | undefined {
  const [oldest, ...others] = rules;
  if (!oldest || others.length === 0) return oldest;
  const policy = rules.find(({ spec }) => spec.trafficPolicy !== undefined)?.spec.trafficPolicy;
  const subsets = new Map(
    rules.toReversed().flatMap(({ spec }) => (spec.subsets ?? []).map((each) => [each.name, each])),
  );
  const spec = {
    ...oldest.spec,
    ...(policy !== undefined && { trafficPolicy: policy }),
    subsets: [...subsets.values()],
  };
  return { ...oldest, spec };
}
