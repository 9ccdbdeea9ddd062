/**
 * Writes the Istio objects that let a request reach one chosen replica. Pure. Objects come in one order, so that equal
 * input gives equal YAML.
 */
import { ENDPOINT_HEADER, qualifiedName, SESSION_HEADER } from '../../contract/names.ts';
import {
  type DestinationRule,
  type HttpRoute,
  httpRoutes,
  isHttpRoute,
  ISTIO_API_VERSION,
  type VirtualService,
} from '../kubernetes/istio.ts';
import { describeManifest, type Manifest, namespaceOf } from '../kubernetes/manifest.ts';
import { coversHost, hostsOf, isForAllCallers, isWildcard, publicRuleFor, virtualServiceFor } from './host-rules.ts';
import {
  delegateName,
  fullHost,
  hostOf,
  MANAGED_LABEL,
  POD_NAME_LABEL,
  routingName,
  type ServiceName,
  SESSION_LABEL,
} from './istio-names.ts';

const MANAGED = { [MANAGED_LABEL.key]: MANAGED_LABEL.value };

export interface RoutedService extends ServiceName {
  /** Port that routes name; absent: Istio takes the Service's only port, or else the one that the caller called. */
  readonly port?: number;
  /** Pod names; any order, gaps in the ordinals allowed. */
  readonly replicas: readonly string[];
}

/** `geo-2` before `geo-10`. */
const byOrdinal = new Intl.Collator('en', { numeric: true });

function inOrdinalOrder(replicas: readonly string[]): string[] {
  return [...new Set(replicas)].toSorted(byOrdinal.compare);
}

/** Does this name in an Istio object of `namespace` mean the service? */
function means(name: string, namespace: string, service: ServiceName): boolean {
  return fullHost(name, namespace, service.clusterDomain) === hostOf(service);
}

export interface RuleBase {
  /** A rule of the same host: it keeps its traffic policy and all subsets that are not for replicas. */
  readonly existing?: DestinationRule | undefined;
  /** A rule with a wildcard for the host, which a new rule switches off: its traffic policy is carried over. */
  readonly wildcard?: DestinationRule | undefined;
}

/** DestinationRule with one subset per replica. */
export function destinationRule(service: RoutedService, { existing, wildcard }: RuleBase = {}): DestinationRule {
  const trafficPolicy = wildcard?.spec.trafficPolicy;
  const { subsets = [], ...kept } = existing?.spec ?? {
    host: hostOf(service),
    ...(trafficPolicy !== undefined && { trafficPolicy }),
  };
  const others = subsets.filter(({ labels }) => labels?.[POD_NAME_LABEL] === undefined);
  const own = inOrdinalOrder(service.replicas).map((replica) => ({
    name: replica,
    labels: { [POD_NAME_LABEL]: replica },
  }));
  return {
    ...(existing ?? {
      apiVersion: ISTIO_API_VERSION,
      kind: 'DestinationRule',
      metadata: { name: routingName(service.name), namespace: service.namespace, labels: MANAGED },
    }),
    spec: { ...kept, subsets: [...others, ...own] },
  };
}

/** VirtualService for requests inside the mesh, before the replicas' routes are added. */
function plainVirtualService(service: RoutedService): VirtualService {
  const host = hostOf(service);
  const destination = { host, ...(service.port === undefined ? {} : { port: { number: service.port } }) };
  return {
    apiVersion: ISTIO_API_VERSION,
    kind: 'VirtualService',
    metadata: { name: routingName(service.name), namespace: service.namespace, labels: MANAGED },
    spec: { hosts: [host], http: [{ route: [{ destination }] }] },
  };
}

/** VirtualService for requests inside the mesh, with a route per replica. */
export function virtualService(service: RoutedService): VirtualService {
  return expandVirtualService(plainVirtualService(service), [service]);
}

/**
 * The same routes without a host, for a VirtualService of an ingress gateway to delegate to. Istio puts the matches of
 * the VirtualService that delegates before each of them.
 */
export function delegateVirtualService(service: RoutedService): VirtualService {
  const { metadata, spec, ...rest } = virtualService(service);
  return { ...rest, metadata: { ...metadata, name: delegateName(service.name) }, spec: { http: spec.http ?? [] } };
}

/** Was this route added for a replica of one of the services by an earlier run? */
function isReplicaRoute(route: HttpRoute, namespace: string, services: readonly RoutedService[]): boolean {
  const byHeader = route.match?.some(({ headers }) => headers?.[ENDPOINT_HEADER] !== undefined) ?? false;
  const hosts = (route.route ?? []).map(({ destination }) => destination.host);
  return byHeader && services.some((service) => hosts.some((host) => means(host, namespace, service)));
}

/** The routes for one route of the user's: one per replica that repeats its matches, then the route itself. */
function withReplicas(route: HttpRoute, namespace: string, services: readonly RoutedService[]): HttpRoute[] {
  const destination = route.route?.length === 1 ? route.route[0]?.destination : undefined;
  if (!destination || destination.subset !== undefined) return [route];
  const service = services.find((candidate) => means(destination.host, namespace, candidate));
  if (!service) return [route];
  const { match: own, ...action } = route;
  const matches = own && own.length > 0 ? own : [{}];
  const chosen = inOrdinalOrder(service.replicas).map((replica) => ({
    match: matches.map((match) => ({
      ...match,
      headers: { ...match.headers, [ENDPOINT_HEADER]: { exact: replica } },
    })),
    ...action,
    route: [{ ...route.route?.[0], destination: { ...destination, subset: replica } }],
  }));
  return [...chosen, route];
}

/**
 * The same VirtualService with a header match per replica before each route to one of the services. Routes of replicas
 * that an earlier run added are replaced. The user's own route stays last: a request without the header, or with the
 * name of a replica that is gone, is balanced by Istio.
 */
export function expandVirtualService(original: VirtualService, services: readonly RoutedService[]): VirtualService {
  const namespace = namespaceOf(original);
  const http = (original.spec.http ?? []).flatMap((route) => {
    if (!isHttpRoute(route)) return [route];
    return isReplicaRoute(route, namespace, services) ? [] : withReplicas(route, namespace, services);
  });
  return { ...original, spec: { ...original.spec, http } };
}

function routesTo(candidate: VirtualService, service: ServiceName): boolean {
  const destinations = httpRoutes(candidate).flatMap(({ route }) => route ?? []);
  return destinations.some(({ destination }) => means(destination.host, namespaceOf(candidate), service));
}

/** Objects of the user's that are extended instead of written anew. */
export interface ExistingRouting {
  readonly destinationRules: readonly DestinationRule[];
  readonly virtualServices: readonly VirtualService[];
}

/**
 * All objects of Subset routing, ordered by namespace and name. DestinationRules come first: a route to a subset that
 * does not exist yet answers 503.
 * @param note called with a line of text about objects of the user's that change what the result means
 */
export function subsetRouting(
  services: readonly RoutedService[],
  existing: ExistingRouting,
  note: (text: string) => void = () => undefined,
): Manifest[] {
  const rules = services.map((service) => destinationRule(service, ruleBase(service, existing.destinationRules, note)));
  const missing = services.filter((service) => {
    const governing = virtualServiceFor(
      existing.virtualServices,
      hostOf(service),
      service.namespace,
      service.clusterDomain,
    );
    if (governing && !routesTo(governing, service)) {
      note(
        `${describeManifest(governing)}: decides on requests to ${hostOf(service)}, but has no route to it to extend`,
      );
    }
    return governing === undefined;
  });
  const touched = existing.virtualServices.filter((candidate) =>
    services.some((service) => routesTo(candidate, service)),
  );
  const virtualServices = [...touched, ...missing.map(plainVirtualService)];
  return [
    ...inNameOrder(rules),
    ...inNameOrder(virtualServices.map((original) => expandVirtualService(original, services))),
  ];
}

/** The rule to extend, or the one whose traffic policy a new rule needs. */
function ruleBase(service: RoutedService, rules: readonly DestinationRule[], note: (text: string) => void): RuleBase {
  const host = hostOf(service);
  const base = publicRuleFor(rules, service);
  for (const rule of rules) {
    const covers = hostsOf(rule, service.clusterDomain).some((pattern) => coversHost(pattern, host));
    if (covers && rule !== base && !isForAllCallers(rule, service.namespace)) {
      note(
        `${describeManifest(rule)}: is for ${host}, too, but not for all callers: those that it is for get no subsets`,
      );
    }
  }
  if (!base || !isWildcard(base.spec.host)) return { existing: base };
  if (base.spec.trafficPolicy !== undefined) {
    note(
      `${describeManifest(base)}: its traffic policy is carried over to the rule for ${host}, which takes its place`,
    );
  }
  return { wildcard: base };
}

/** Endpoint routing needs only a label on each Service: a patch of it. */
export function endpointRouting(services: readonly RoutedService[]): Manifest[] {
  return inNameOrder(
    services.map(({ namespace, name }) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace, labels: { [SESSION_LABEL]: SESSION_HEADER } },
    })),
  );
}

function inNameOrder<T extends Manifest>(manifests: readonly T[]): T[] {
  const key = ({ metadata }: Manifest): string => qualifiedName(metadata);
  return manifests.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
