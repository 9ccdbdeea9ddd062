/** The routing objects of the cluster, by service: who wrote them, and which replicas they lead to. Pure. */
import { ENDPOINT_HEADER, qualifiedName } from '../../contract/names.ts';
import { type DestinationRule, httpRoutes, type VirtualService } from '../kubernetes/istio.ts';
import { describeManifest, namespaceOf } from '../kubernetes/manifest.ts';
import type { Observed, ObservedObjects } from '../kubernetes/observed-objects.ts';
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
  /** Objects of others in the place of ours, as `kind namespace/name`. */
  readonly others: readonly string[];
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
  readonly #rules: ReadonlyMap<string, readonly Observed<DestinationRule>[]>;
  readonly #governing: ReadonlyMap<string, readonly Observed<VirtualService>[]>;
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
    const byAge = virtualServices.toSorted(olderFirst);
    this.#virtualServices = byName(virtualServices);
    this.#rulesByName = byName(destinationRules);
    this.#rules = groupedBy(destinationRules, (rule) => [hostIn(rule)(rule.spec.host)]);
    this.#governing = groupedBy(byAge, (object) => governedHosts(object).map(hostIn(object)));
    this.#bareGateways = groupedBy(byAge, (object) => bareGatewayHosts(object, hostIn(object)));
    this.#delegatedTo = new Set(byAge.flatMap(delegates));
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
    const rules = this.#rules.get(host) ?? [];
    const governing = this.#governing.get(host) ?? [];
    const atOurNames = [
      this.#rulesByName.get(name),
      this.#virtualServices.get(name),
      this.#virtualServices.get(delegate),
    ];
    const inOurPlace = [...rules, ...governing, ...atOurNames].filter((object) => object !== undefined);
    const own = {
      rule: ours(this.#rulesByName.get(name)),
      virtualService: ours(this.#virtualServices.get(name)),
      delegate: ours(this.#virtualServices.get(delegate)),
    };
    // The label alone makes nothing ours: nobody would write or remove an object of another name.
    const ownObjects: ReadonlySet<IstioObject | undefined> = new Set(Object.values(own));
    return {
      ...own,
      others: [...new Set(inOurPlace.filter((object) => !ownObjects.has(object)).map(describeManifest))],
      subsets: new Set(rules.flatMap(replicaSubsets)),
      // Of several for one host, Istio takes the oldest.
      routes: new Set(governing.slice(0, 1).flatMap(routedReplicas)),
      ownRoutes: new Set(
        [own.virtualService, own.delegate].flatMap((object) => (object ? routedReplicas(object) : [])),
      ),
      isDelegatedTo: this.#delegatedTo.has(delegate),
      bareGateways: (this.#bareGateways.get(host) ?? []).map(({ metadata }) => qualifiedName(metadata)),
    };
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

function olderFirst(a: IstioObject, b: IstioObject): number {
  const [ageA, ageB] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`);
  return (ageA ?? '') < (ageB ?? '') ? -1 : 1;
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

/** Hosts inside the mesh that a VirtualService decides on, as it names them. */
function governedHosts({ spec }: VirtualService): readonly string[] {
  const { gateways = ['mesh'], hosts = [] } = spec;
  return gateways.includes('mesh') ? hosts : [];
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
