/**
 * Istio objects that let a request reach one chosen replica. Pure: from a service and its replicas to objects, in one
 * order only, so that equal input gives equal YAML.
 */
import { ENDPOINT_HEADER, qualifiedName, serviceHost, SESSION_HEADER } from '../../contract/names.ts';
import type { Manifest } from '../kubernetes/manifest.ts';

/** Label of every pod of a StatefulSet: its own name. Kubernetes sets it. */
export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';

/** Label of a Service that names its session header; istiod needs PILOT_ENABLE_PERSISTENT_SESSION_FILTER=true. */
export const SESSION_LABEL = 'istio.io/persistent-session-header';

/** Under one of the names below, an object with this label is Ballast's to write; without it, it is somebody else's. */
export const MANAGED_LABEL = { key: 'app.kubernetes.io/managed-by', value: 'ballast' } as const;
const MANAGED = { [MANAGED_LABEL.key]: MANAGED_LABEL.value };
const ISTIO_NETWORKING = 'networking.istio.io/v1';

/** Name of a service's DestinationRule and VirtualService; the service's own name is what users take for theirs. */
export function routingName(service: string): string {
  return `ballast-${service}`;
}

/** Name of the VirtualService that one of a gateway can delegate to. No Service has a dot in its name. */
export function delegateName(service: string): string {
  return `${routingName(service)}.delegate`;
}

export interface RoutedService {
  readonly namespace: string;
  readonly name: string;
  /** Domain of its host; left out: cluster.local. */
  readonly clusterDomain?: string | undefined;
  /** Port that routes name; left out, Istio takes the Service's only port, or else the one that the caller called. */
  readonly port?: number;
  /** Pod names; any order, gaps in the ordinals allowed. */
  readonly replicas: readonly string[];
}

export type ServiceName = Pick<RoutedService, 'namespace' | 'name' | 'clusterDomain'>;

export interface Subset {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface DestinationRule extends Manifest {
  readonly spec: { readonly host: string; readonly subsets?: readonly Subset[] };
}

interface HttpMatch {
  readonly headers?: Readonly<Record<string, unknown>>;
}

export interface HttpRoute {
  readonly match?: readonly HttpMatch[];
  readonly route?: readonly {
    readonly destination: {
      readonly host: string;
      readonly subset?: string;
      readonly port?: { readonly number: number };
    };
  }[];
  readonly delegate?: { readonly name?: string; readonly namespace?: string };
}

export interface VirtualService extends Manifest {
  readonly spec: {
    /** None: others delegate to it. */
    readonly hosts?: readonly string[];
    readonly gateways?: readonly string[];
    readonly http?: readonly HttpRoute[];
  };
}

/** `geo-2` before `geo-10`. */
const byOrdinal = new Intl.Collator('en', { numeric: true });

function inOrdinalOrder(replicas: readonly string[]): string[] {
  return [...new Set(replicas)].toSorted(byOrdinal.compare);
}

export function hostOf(service: ServiceName): string {
  return serviceHost(service.namespace, service.name, service.clusterDomain);
}

/** Full host of a name in an Istio object of `namespace`; a name without dots is a Service of that namespace. */
export function fullHost(name: string, namespace: string, clusterDomain?: string): string {
  return name.includes('.') || name === '*' ? name : serviceHost(namespace, name, clusterDomain);
}

/** Does this name in an Istio object of `namespace` mean the service? */
function means(name: string, namespace: string, service: ServiceName): boolean {
  return fullHost(name, namespace, service.clusterDomain) === hostOf(service);
}

/**
 * DestinationRule with one subset per replica. An existing one of the same host keeps its traffic policy and every
 * subset that is not of this form.
 */
export function destinationRule(service: RoutedService, existing?: DestinationRule): DestinationRule {
  const { subsets = [], ...kept } = existing?.spec ?? { host: hostOf(service) };
  const others = subsets.filter(({ labels }) => labels?.[POD_NAME_LABEL] === undefined);
  const own = inOrdinalOrder(service.replicas).map((replica) => ({
    name: replica,
    labels: { [POD_NAME_LABEL]: replica },
  }));
  return {
    ...(existing ?? {
      apiVersion: ISTIO_NETWORKING,
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
    apiVersion: ISTIO_NETWORKING,
    kind: 'VirtualService',
    metadata: { name: routingName(service.name), namespace: service.namespace, labels: MANAGED },
    spec: { hosts: [host], http: [{ route: [{ destination }] }] },
  };
}

/** Of its own accord: a VirtualService for requests inside the mesh, with a route per replica. */
export function virtualService(service: RoutedService): VirtualService {
  return expandVirtualService(plainVirtualService(service), [service]);
}

/**
 * The same routes without a host, for a VirtualService of an ingress gateway to delegate to: Istio puts the matches of
 * the one that delegates before each of them.
 */
export function delegateVirtualService(service: RoutedService): VirtualService {
  const { metadata, spec, ...rest } = virtualService(service);
  return { ...rest, metadata: { ...metadata, name: delegateName(service.name) }, spec: { http: spec.http ?? [] } };
}

/** A route that an earlier run added for a replica of one of the services. */
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
 * The same VirtualService with a header match per replica before each route to one of the services; routes of
 * replicas that an earlier run put there are replaced. The user's own route stays last: without a header, or with the
 * name of a replica that is gone, Istio balances as if Ballast were not there.
 */
export function expandVirtualService(original: VirtualService, services: readonly RoutedService[]): VirtualService {
  const namespace = original.metadata.namespace ?? 'default';
  const http = (original.spec.http ?? [])
    .filter((route) => !isReplicaRoute(route, namespace, services))
    .flatMap((route) => withReplicas(route, namespace, services));
  return { ...original, spec: { ...original.spec, http } };
}

/** Does this VirtualService decide on requests to the service from inside the mesh? */
function governs(candidate: VirtualService, service: ServiceName): boolean {
  const namespace = candidate.metadata.namespace ?? 'default';
  const inMesh = candidate.spec.gateways?.includes('mesh') ?? true;
  return inMesh && (candidate.spec.hosts ?? []).some((host) => means(host, namespace, service));
}

function routesTo(candidate: VirtualService, service: ServiceName): boolean {
  const namespace = candidate.metadata.namespace ?? 'default';
  const destinations = (candidate.spec.http ?? []).flatMap(({ route }) => route ?? []);
  return destinations.some(({ destination }) => means(destination.host, namespace, service));
}

/** What stands in the cluster already and must be extended, not fought. */
export interface ExistingRouting {
  readonly destinationRules: readonly DestinationRule[];
  readonly virtualServices: readonly VirtualService[];
}

/**
 * All objects of Subset routing: the DestinationRules first, since a route to a subset that is not there yet answers
 * 503. Ordered by namespace and name.
 */
export function subsetRouting(services: readonly RoutedService[], existing: ExistingRouting): Manifest[] {
  const rules = services.map((service) => {
    const own = existing.destinationRules.find(({ metadata, spec }) =>
      means(spec.host, metadata.namespace ?? 'default', service),
    );
    return destinationRule(service, own);
  });
  const missing = services.filter(
    (service) => !existing.virtualServices.some((candidate) => governs(candidate, service)),
  );
  const touched = existing.virtualServices.filter((candidate) =>
    services.some((service) => routesTo(candidate, service)),
  );
  const virtualServices = [...touched, ...missing.map(plainVirtualService)];
  return [
    ...inNameOrder(rules),
    ...inNameOrder(virtualServices.map((virtualService) => expandVirtualService(virtualService, services))),
  ];
}

/** Endpoint routing needs nothing but a label on each Service: a patch of it. */
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
  const key = ({ metadata }: Manifest) => qualifiedName(metadata);
  return manifests.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
