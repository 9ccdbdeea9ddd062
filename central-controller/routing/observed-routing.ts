/** The routing objects of the cluster, by service: who wrote them, and which replicas they lead to. Pure. */
import { ENDPOINT_HEADER, qualifiedName } from '../../contract/names.ts';
import { type DestinationRule, httpRoutes, type VirtualService } from '../kubernetes/istio.ts';
import { describeManifest, namespaceOf } from '../kubernetes/manifest.ts';
import type { Observed, ObservedObjects } from '../kubernetes/observed-objects.ts';
import {
  byAge,
  coversHost,
  hostsOf,
  isBoundToMesh,
  isForAllCallers,
  isVisibleIn,
  isWildcard,
  publicRuleFor,
} from './host-rules.ts';
import {
  delegateName,
  fullHost,
  hostOf,
  MANAGED_LABEL,
  POD_NAME_LABEL,
  routingName,
  type ServiceName,
  serviceOfName,
} from './istio-names.ts';

export interface ObservedRouting {
  /** Ours: under a name of ours, and with our label. */
  readonly rule: Observed<DestinationRule> | undefined;
  readonly virtualService: Observed<VirtualService> | undefined;
  readonly delegate: Observed<VirtualService> | undefined;
  /** Objects of others that speak for the host of the service, or have our names, as `kind namespace/name`. */
  readonly others: readonly string[];
  /** A rule of others for several hosts, the host among them: ours takes its place, with its traffic policy. */
  readonly wildcard: Observed<DestinationRule> | undefined;
  /** Replicas that have a subset in any object. */
  readonly subsets: ReadonlySet<string>;
  /** Replicas that have a route for requests inside the mesh in any object. */
  readonly routes: ReadonlySet<string>;
  /** Replicas with a route in an object of ours. */
  readonly ownRoutes: ReadonlySet<string>;
  /** A VirtualService delegates to ours, and would lead nowhere without it. */
  readonly isDelegatedTo: boolean;
  /** VirtualServices of gateways that lead to the service, but have no routes per replica: `namespace/name`. */
  readonly bareGateways: readonly string[];
}

type IstioObject = Observed<VirtualService> | Observed<DestinationRule>;

/** Istio's objects indexed by host, so that each is read once for many services. */
export class ObservedIstioObjects {
  readonly #rules: ObjectsByHost<Observed<DestinationRule>>;
  readonly #governing: ObjectsByHost<Observed<VirtualService>>;
  readonly #bareGateways: ReadonlyMap<string, readonly Observed<VirtualService>[]>;
  readonly #virtualServices: ReadonlyMap<string, Observed<VirtualService>>;
  readonly #rulesByName: ReadonlyMap<string, Observed<DestinationRule>>;
  readonly #delegatedTo: ReadonlySet<string>;
  readonly #clusterDomain: string | undefined;

  constructor(
    { virtualServices = [], destinationRules = [] }: Pick<ObservedObjects, 'virtualServices' | 'destinationRules'>,
    clusterDomain: string | undefined,
  ) {
    this.#clusterDomain = clusterDomain;
    const hostIn = (object: IstioObject) => (host: string) => fullHost(host, namespaceOf(object), clusterDomain);
    const sorted = virtualServices.toSorted(byAge);
    this.#virtualServices = byName(virtualServices);
    this.#rulesByName = byName(destinationRules);
    this.#rules = new ObjectsByHost(destinationRules, clusterDomain);
    this.#governing = new ObjectsByHost(sorted.filter(isBoundToMesh), clusterDomain);
    this.#bareGateways = groupedBy(sorted, (object) => bareGatewayHosts(object, hostIn(object)));
    this.#delegatedTo = new Set(sorted.flatMap(delegates));
  }

  /** The services that have an object of ours. */
  get services(): readonly ServiceName[] {
    return [...this.#virtualServices.values(), ...this.#rulesByName.values()].filter(isOurs).flatMap((object) => {
      const name = serviceOfName(object.metadata.name);
      return name === undefined ? [] : [{ namespace: namespaceOf(object), name }];
    });
  }

  of(service: ServiceName): ObservedRouting {
    const { namespace } = service;
    const host = hostOf({ ...service, clusterDomain: this.#clusterDomain });
    const name = qualifiedName({ namespace, name: routingName(service.name) });
    const delegate = qualifiedName({ namespace, name: delegateName(service.name) });
    const { exact: rules, wildcards } = this.#rules.of(host);
    const wildcard = publicRuleFor(wildcards, { ...service, clusterDomain: this.#clusterDomain });
    const governing = this.#governing.of(host);
    // A private one of another namespace decides for callers there alone, and they do not see ours.
    const virtualServices = [...governing.exact, ...governing.wildcards].filter((object) =>
      isVisibleIn(namespace, object),
    );
    const atOurNames = [
      this.#rulesByName.get(name),
      this.#virtualServices.get(name),
      this.#virtualServices.get(delegate),
    ];
    const inOurPlace: (IstioObject | undefined)[] = [
      ...rules,
      ...wildcards.filter((rule) => !isForAllCallers(rule, namespace)),
      ...virtualServices,
      ...atOurNames,
    ];
    const own = {
      rule: ours(this.#rulesByName.get(name)),
      virtualService: ours(this.#virtualServices.get(name)),
      delegate: ours(this.#virtualServices.get(delegate)),
    };
    // The label alone makes nothing ours: nobody would write or remove an object of another name.
    const ownObjects: ReadonlySet<IstioObject | undefined> = new Set(Object.values(own));
    const others = inOurPlace.filter((object) => object !== undefined).filter((object) => !ownObjects.has(object));
    const [oldest] = virtualServices;
    return {
      ...own,
      others: [...new Set(others.map(describeManifest))],
      wildcard,
      subsets: new Set(rules.filter((rule) => isForAllCallers(rule, namespace)).flatMap(replicaSubsets)),
      routes: new Set(oldest ? routedReplicas(oldest) : []),
      ownRoutes: new Set(
        [own.virtualService, own.delegate].flatMap((object) => (object ? routedReplicas(object) : [])),
      ),
      isDelegatedTo: this.#delegatedTo.has(delegate),
      bareGateways: (this.#bareGateways.get(host) ?? []).map(({ metadata }) => qualifiedName(metadata)),
    };
  }
}

/** Objects by the hosts that they name. Wildcards are few, so they are looked through. */
class ObjectsByHost<T extends IstioObject> {
  readonly #exact: ReadonlyMap<string, readonly T[]>;
  readonly #wildcards: readonly T[];
  readonly #clusterDomain: string | undefined;

  constructor(objects: readonly T[], clusterDomain: string | undefined) {
    this.#clusterDomain = clusterDomain;
    this.#exact = groupedBy(objects, (object) => hostsOf(object, clusterDomain));
    this.#wildcards = objects.filter((object) => hostsOf(object, clusterDomain).some(isWildcard));
  }

  of(host: string): { readonly exact: readonly T[]; readonly wildcards: readonly T[] } {
    const exact = this.#exact.get(host) ?? [];
    const wildcards = this.#wildcards.filter(
      (object) =>
        !exact.includes(object) && hostsOf(object, this.#clusterDomain).some((pattern) => coversHost(pattern, host)),
    );
    return { exact, wildcards };
  }
}

function isOurs({ metadata }: IstioObject): boolean {
  return metadata.labels?.[MANAGED_LABEL.key] === MANAGED_LABEL.value;
}

function ours<T extends IstioObject>(object: T | undefined): T | undefined {
  return object && isOurs(object) ? object : undefined;
}

function byName<T extends IstioObject>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [qualifiedName(object.metadata), object]));
}

function groupedBy<T>(
  objects: readonly T[],
  keysOf: (object: T) => readonly string[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const object of objects) {
    for (const key of new Set(keysOf(object))) groups.set(key, [...(groups.get(key) ?? []), object]);
  }
  return groups;
}

/** Services that a gateway's VirtualService leads to without a route for any replica. */
function bareGatewayHosts(object: VirtualService, full: (host: string) => string): string[] {
  if (!(object.spec.gateways ?? []).some((gateway) => gateway !== 'mesh')) return [];
  const destinations = httpRoutes(object).flatMap(({ route = [] }) => route.map(({ destination }) => destination));
  const hosts = (withSubset: boolean) =>
    destinations.filter(({ subset }) => (subset !== undefined) === withSubset).map(({ host }) => full(host));
  const chosen = new Set(hosts(true));
  return hosts(false).filter((host) => !chosen.has(host));
}

/** What a VirtualService delegates to, as `namespace/name`. */
function delegates(object: VirtualService): string[] {
  return httpRoutes(object).flatMap(({ delegate }) =>
    delegate?.name === undefined
      ? []
      : [qualifiedName({ namespace: delegate.namespace ?? namespaceOf(object), name: delegate.name })],
  );
}

/** Replicas that have a route in this object. */
export function routedReplicas(object: VirtualService): string[] {
  return httpRoutes(object)
    .filter(({ route }) => route?.length === 1 && route[0]?.destination.subset !== undefined)
    .flatMap(({ match = [] }) => match.flatMap(({ headers }) => exactValue(headers?.[ENDPOINT_HEADER])));
}

function exactValue(match: unknown): string[] {
  const { exact } = (match ?? {}) as { exact?: unknown };
  return typeof exact === 'string' ? [exact] : [];
}

function replicaSubsets({ spec }: DestinationRule): string[] {
  return (spec.subsets ?? []).filter(({ name, labels }) => labels?.[POD_NAME_LABEL] === name).map(({ name }) => name);
}
