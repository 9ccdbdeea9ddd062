/** What stands in the cluster for one service: who wrote it, and which replicas it leads requests to. Pure. */
import { Compile } from 'typebox/compile';
import { ENDPOINT_HEADER, qualifiedName } from '../../contract/names.ts';
import type {
  ObservedDestinationRule,
  ObservedMetadata,
  ObservedObjects,
  ObservedVirtualService,
} from '../kubernetes/observed-objects.ts';
import { describeManifest, namespaceOf } from '../kubernetes/manifest.ts';
import { HttpRouteSchema } from './istio-kinds.ts';
import {
  delegateName,
  fullHost,
  type HttpRoute,
  hostOf,
  MANAGED_LABEL,
  POD_NAME_LABEL,
  routingName,
  type ServiceName,
} from './istio-objects.ts';

export interface StandingRouting {
  /** Ours: under a name of ours, and with our label. */
  readonly rule: ObservedDestinationRule | undefined;
  readonly virtualService: ObservedVirtualService | undefined;
  readonly delegate: ObservedVirtualService | undefined;
  /** Somebody else's, whatever their label, that stand where ours would: as `kind namespace/name`. */
  readonly others: readonly string[];
  /** Replicas with a subset of their own, whoever wrote it. */
  readonly subsets: ReadonlySet<string>;
  /** Replicas with a route of their own for requests inside the mesh, whoever wrote it. */
  readonly routes: ReadonlySet<string>;
  /** Replicas with a route in an object of ours. */
  readonly ownRoutes: ReadonlySet<string>;
  /** A VirtualService delegates to ours, and would lead nowhere without it. */
  readonly isDelegatedTo: boolean;
  /** VirtualServices of gateways that lead to the service, but have no routes per replica: `namespace/name`. */
  readonly bareGateways: readonly string[];
}

const httpRoute = Compile(HttpRouteSchema);

type IstioObject = ObservedVirtualService | ObservedDestinationRule;

/** Of an object under one of our names: is it ours? */
function isOurs({ metadata }: { readonly metadata: ObservedMetadata }): boolean {
  return metadata.labels?.[MANAGED_LABEL.key] === MANAGED_LABEL.value;
}

/** Istio's objects by the host that they are about, so that each is read once for many services. */
export class StandingObjects {
  readonly #rules: ReadonlyMap<string, readonly ObservedDestinationRule[]>;
  readonly #governing: ReadonlyMap<string, readonly ObservedVirtualService[]>;
  readonly #bareGateways: ReadonlyMap<string, readonly ObservedVirtualService[]>;
  readonly #virtualServices: ReadonlyMap<string, ObservedVirtualService>;
  readonly #rulesByName: ReadonlyMap<string, ObservedDestinationRule>;
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

  /** The services that an object of ours stands for. */
  get services(): readonly ServiceName[] {
    return [...this.#virtualServices.values(), ...this.#rulesByName.values()].filter(isOurs).flatMap(serviceOf);
  }

  of(service: ServiceName): StandingRouting {
    const host = hostOf({ ...service, clusterDomain: this.#clusterDomain });
    const name = qualifiedName({ namespace: service.namespace, name: routingName(service.name) });
    const delegate = qualifiedName({ namespace: service.namespace, name: delegateName(service.name) });
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
    // The label alone makes nothing ours: under another name it would be neither written nor removed by anybody.
    const written: ReadonlySet<IstioObject | undefined> = new Set(Object.values(own));
    return {
      ...own,
      others: [...new Set(inOurPlace.filter((object) => !written.has(object)).map(describeManifest))],
      subsets: new Set(rules.flatMap(replicaSubsets)),
      // Of several for one host, Istio heeds the oldest.
      routes: new Set(governing.slice(0, 1).flatMap(routedReplicas)),
      ownRoutes: new Set(
        [own.virtualService, own.delegate].flatMap((object) => (object ? routedReplicas(object) : [])),
      ),
      isDelegatedTo: this.#delegatedTo.has(delegate),
      bareGateways: (this.#bareGateways.get(host) ?? []).map(qualified),
    };
  }
}

function ours<T extends IstioObject>(object: T | undefined): T | undefined {
  return object && isOurs(object) ? object : undefined;
}

function qualified(object: IstioObject): string {
  return qualifiedName(object.metadata);
}

function byName<T extends IstioObject>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [qualified(object), object]));
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
function governedHosts(object: ObservedVirtualService): readonly string[] {
  const { gateways = ['mesh'], hosts = [] } = object.spec;
  return gateways.includes('mesh') ? hosts : [];
}

/** Services that a gateway's VirtualService leads to with routes that say nothing of a replica, and none that does. */
function bareGatewayHosts(object: ObservedVirtualService, full: (host: string) => string): string[] {
  if (!(object.spec.gateways ?? []).some((gateway) => gateway !== 'mesh')) return [];
  const destinations = routesOf(object).flatMap(({ route = [] }) => route.map(({ destination }) => destination));
  const hosts = (withSubset: boolean) =>
    destinations.filter(({ subset }) => (subset !== undefined) === withSubset).map(({ host }) => full(host));
  const chosen = new Set(hosts(true));
  return hosts(false).filter((host) => !chosen.has(host));
}

/** What a VirtualService delegates to, as `namespace/name`. */
function delegates(object: ObservedVirtualService): string[] {
  return routesOf(object).flatMap(({ delegate }) =>
    delegate?.name === undefined
      ? []
      : [qualifiedName({ namespace: delegate.namespace ?? namespaceOf(object), name: delegate.name })],
  );
}

/** Routes of a form that is known here; others choose no replica. */
function routesOf({ spec }: ObservedVirtualService): HttpRoute[] {
  return (spec.http ?? []).filter((route) => httpRoute.Check(route));
}

/** Replicas with a route of their own in this object. */
export function routedReplicas(object: ObservedVirtualService): string[] {
  return routesOf(object)
    .filter(({ route }) => route?.length === 1 && route[0]?.destination.subset !== undefined)
    .flatMap(({ match = [] }) => match.flatMap(({ headers }) => exactly(headers?.[ENDPOINT_HEADER])));
}

function exactly(match: unknown): string[] {
  const { exact } = (match ?? {}) as { exact?: unknown };
  return typeof exact === 'string' ? [exact] : [];
}

function replicaSubsets({ spec }: ObservedDestinationRule): string[] {
  return (spec.subsets ?? []).filter(({ name, labels }) => labels?.[POD_NAME_LABEL] === name).map(({ name }) => name);
}

/** The service that an object of ours is named after. */
function serviceOf(object: IstioObject): ServiceName[] {
  const [, name] = /^ballast-([^.]+)(?:\.delegate)?$/.exec(object.metadata.name) ?? [];
  return name === undefined ? [] : [{ namespace: namespaceOf(object), name }];
}
