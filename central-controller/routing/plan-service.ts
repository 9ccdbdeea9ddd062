/**
 * The next writes for one service. Pure. The plan follows from what is observed, not from what was written before, so
 * that a new leader goes on in the same order after any interruption.
 *
 * A replica is added to the subsets, then to the routes, and to the table of weights once it is ready. It is removed in
 * reverse order. A route without its subset answers 503, and so does a subset whose endpoint a proxy does not know yet.
 */
import { isDeepStrictEqual } from 'node:util';
import { qualifiedName } from '../../contract/names.ts';
import { VALID_FOR_MS } from '../../contract/assignment.ts';
import type { VirtualService } from '../kubernetes/istio.ts';
import { describeManifest, type Manifest } from '../kubernetes/manifest.ts';
import { matches } from '../kubernetes/matches.ts';
import type { Service } from '../kubernetes/objects.ts';
import { FIELD_MANAGER, type Observed, type ObservedMetadata } from '../kubernetes/observed-objects.ts';
import type { DesiredRouting, RoutingProblem } from './desired-routing.ts';
import type { DwellTimers } from './dwell-timers.ts';
import { gatewayPort } from './gateway-port.ts';
import type { ServiceName } from './istio-names.ts';
import { delegateVirtualService, destinationRule, endpointRouting, virtualService } from './istio-objects.ts';
import { type ObservedRouting, routedReplicas } from './observed-routing.ts';
import type { RoutingInForce } from './routable.ts';
import { isLabelled, isLabelOurs, sessionProblem, unlabelled } from './session-label.ts';

/** How long after an object was seen every proxy has it: istiod gathers changes for 0.1 s and then pushes them. */
export const SETTLE_MS = 1_000;

/**
 * How long an object stays after nothing uses it. Agents and proxies drop a table after this time without a controller,
 * so it suffices even if the previous leader died before it could publish a new one.
 */
export const HOLD_MS = VALID_FOR_MS;

/** One request to the API server. */
export type Write =
  | {
      readonly verb: 'apply';
      readonly object: Manifest;
      /** Take fields over from others: right for an object that is ours, wrong for a user's Service. */
      readonly force: boolean;
    }
  | { readonly verb: 'delete'; readonly object: Manifest; readonly uid: string };

export interface ServiceFacts {
  readonly name: ServiceName;
  /** Undefined: no policy enforces anything for it (any more). */
  readonly desired: DesiredRouting | undefined;
  readonly observed: ObservedRouting;
  readonly service: Observed<Service> | undefined;
  /** Ready replicas: a table of weights names only these. */
  readonly ready: ReadonlySet<string>;
  /** The cluster has Istio's kinds. */
  readonly knowsIstio: boolean;
}

export interface ServicePlan {
  /** In the order in which they are to be made. */
  readonly steps: readonly Write[];
  /** Undefined: requests cannot be led to single replicas (yet). */
  readonly inForce: RoutingInForce | undefined;
  /** What keeps the desired routing from being written. */
  readonly problem: RoutingProblem | undefined;
  /** The object of others whose traffic policy the rule of the service carries, as `kind namespace/name`. */
  readonly carriedOver: string | undefined;
}

export function planService(facts: ServiceFacts, timers: DwellTimers): ServicePlan {
  const problem = facts.desired && problemOf(facts, facts.desired);
  const inForce = routingInForce(facts, timers);
  // Objects of ours beside somebody else's stay as they are until that is settled.
  const isBlocked = problem !== undefined && facts.desired?.routing === 'Subset';
  const steps = isBlocked ? [] : [...labelSteps(facts, inForce, timers), ...subsetSteps(facts, inForce, timers)];
  const { wildcard } = facts.observed;
  const isCarried = facts.desired?.routing === 'Subset' && wildcard?.spec.trafficPolicy !== undefined;
  return { steps, inForce, problem, carriedOver: isCarried ? describeManifest(wildcard) : undefined };
}

function problemOf(facts: ServiceFacts, desired: DesiredRouting): RoutingProblem | undefined {
  const { service, observed, knowsIstio } = facts;
  if (desired.routing === 'Endpoint') return service && sessionProblem(service);
  if (desired.problem) return desired.problem;
  if (!knowsIstio) return { reason: 'IstioNotFound', message: NO_ISTIO };
  if (observed.others.length === 0) return undefined;
  const routed = desired.replicas.filter((replica) => observed.routes.has(replica) && observed.subsets.has(replica));
  const what = `${observed.others.join(', ')}: not Ballast's, so left alone; ${routed.length} of ${desired.replicas.length} replicas have routes there`;
  return { reason: 'HostTaken', message: `${what}. ${TAKEN_REMEDY}` };
}

const NO_ISTIO =
  'The cluster knows no VirtualService or DestinationRule: install Istio, or set spec.routing to Endpoint';
const TAKEN_REMEDY =
  'Delete it, give it a route and a subset per replica (`ballast render` extends it), or set spec.routing to Endpoint';

/** The desired routing once all proxies have it; until then the other one, if the cluster still has it. */
function routingInForce(facts: ServiceFacts, timers: DwellTimers): RoutingInForce | undefined {
  const { desired, service, observed, ready } = facts;
  const key = keyOf(facts);
  const hasLabel = service !== undefined && isLabelled(service);
  const endpoint: RoutingInForce | undefined = timers.hasRunOut(`${key} label`, hasLabel, SETTLE_MS, 'always')
    ? { routing: 'Endpoint' }
    : undefined;
  const routed = [...observed.routes].filter((replica) =>
    timers.hasRunOut(`${key} routed ${replica}`, observed.subsets.has(replica), SETTLE_MS, 'always'),
  );
  // Until istiod tells a proxy that the subset has an endpoint, the subset answers 503.
  const known = [...observed.routes].filter((replica) =>
    timers.hasRunOut(`${key} ready ${replica}`, ready.has(replica), SETTLE_MS, 'always'),
  );
  const replicas = new Set(routed).intersection(new Set(known));
  const subset: RoutingInForce | undefined = routed.length > 0 ? { routing: 'Subset', replicas } : undefined;
  if (!desired) return undefined;
  return desired.routing === 'Endpoint' ? (endpoint ?? subset) : (subset ?? endpoint);
}

/** Endpoint routing: the label is set at once, and removed once no table needs it. */
function labelSteps(facts: ServiceFacts, inForce: RoutingInForce | undefined, timers: DwellTimers): Write[] {
  const { desired, service, name } = facts;
  if (!service) return [];
  if (desired?.routing === 'Endpoint') {
    if (isLabelled(service) || sessionProblem(service)) return [];
    return endpointRouting([{ ...name, replicas: [] }]).map((object) => ({ verb: 'apply', object, force: false }));
  }
  const isUnused = isLabelOurs(service) && inForce?.routing !== 'Endpoint';
  if (!timers.hasRunOut(`${keyOf(facts)} label unused`, isUnused, HOLD_MS, 'now')) return [];
  return [{ verb: 'apply', object: unlabelled(name), force: false }];
}

/** Subset routing: the subsets to add and the routes to remove now. The rest follows once proxies have these. */
function subsetSteps(facts: ServiceFacts, inForce: RoutingInForce | undefined, timers: DwellTimers): Write[] {
  const { desired, observed, service, name } = facts;
  const key = keyOf(facts);
  const desiredReplicas = new Set(desired?.routing === 'Subset' ? desired.replicas : []);
  const published = inForce?.routing === 'Subset' ? inForce.replicas : new Set<string>();

  const settled = [...desiredReplicas].filter((replica) =>
    timers.hasRunOut(`${key} subset ${replica}`, observed.subsets.has(replica), SETTLE_MS, 'always'),
  );
  const keptRoutes = [...observed.ownRoutes].filter((replica) => {
    // A route without its subset answers 503: Kubernetes removes both with the policy. A desired one is put back.
    if (!desiredReplicas.has(replica) && !observed.subsets.has(replica)) return false;
    const isUnused = !desiredReplicas.has(replica) && !published.has(replica);
    return !timers.hasRunOut(`${key} unused ${replica}`, isUnused, HOLD_MS, 'now');
  });
  const ownSubsets = observed.rule ? [...observed.subsets] : [];
  const keptSubsets = ownSubsets.filter((replica) => {
    const isUnrouted = !desiredReplicas.has(replica) && !observed.ownRoutes.has(replica);
    return !timers.hasRunOut(`${key} unrouted ${replica}`, isUnrouted, HOLD_MS, 'now');
  });

  const rule = { ...name, replicas: [...new Set([...desiredReplicas, ...keptSubsets])] };
  const routes = { ...name, replicas: routesIn(observed.virtualService, settled, keptRoutes) };
  const port = service && gatewayPort(service);
  const delegated = {
    ...name,
    replicas: routesIn(observed.delegate, settled, keptRoutes),
    ...(port !== undefined && { port }),
  };
  // A gateway that delegates to the object needs it even without routes. Without a policy no new one is made.
  const isNeeded = observed.isDelegatedTo && (desired ?? observed.delegate) !== undefined;
  const isDelegate = isNeeded || delegated.replicas.length > 0;
  return [
    ...writesFor(
      rule.replicas.length > 0 ? destinationRule(rule, { wildcard: observed.wildcard }) : undefined,
      observed.rule,
      desired,
    ),
    ...writesFor(routes.replicas.length > 0 ? virtualService(routes) : undefined, observed.virtualService, desired),
    // Without an owner: a gateway that delegates to it must not lose its routes along with the policy.
    ...writesFor(isDelegate ? delegateVirtualService(delegated) : undefined, observed.delegate),
  ];
}

/** New routes only for settled subsets, and of those to keep the ones that the object has. */
function routesIn(
  object: VirtualService | undefined,
  settled: readonly string[],
  keptRoutes: readonly string[],
): string[] {
  const present = new Set(object ? routedReplicas(object) : []);
  return [...new Set([...settled, ...keptRoutes.filter((replica) => present.has(replica))])];
}

type ObservedManifest = Manifest & { readonly metadata: ObservedMetadata };

/** Makes the observed object the desired one; `policy` owns it, if given. */
function writesFor(
  desired: Manifest | undefined,
  observed: ObservedManifest | undefined,
  policy?: DesiredRouting,
): Write[] {
  if (!desired) {
    if (!observed || observed.metadata.deletionTimestamp !== undefined) return [];
    return [{ verb: 'delete', object: observed, uid: observed.metadata.uid }];
  }
  const present = observed?.metadata.ownerReferences;
  const owners: readonly { readonly uid: string }[] | undefined = policy ? [policy.owner] : present;
  const isSame = matches(observed, desired) && !hasOldFields(observed, desired);
  if (isSame && isDeepStrictEqual(uidsOf(owners), uidsOf(present))) return [];
  const metadata = { ...desired.metadata, ...(owners && { ownerReferences: owners }) };
  return [{ verb: 'apply', object: { ...desired, metadata }, force: true }];
}

/** Has Ballast written a field of the spec that is not desired any more? */
function hasOldFields(observed: ObservedManifest | undefined, desired: Manifest): boolean {
  return (observed?.metadata.managedFields ?? []).some(({ manager, operation, fieldsV1 }) => {
    const { 'f:spec': spec } = (fieldsV1 ?? {}) as { 'f:spec'?: unknown };
    return manager === FIELD_MANAGER && operation === 'Apply' && ownsMore(spec, desired.spec);
  });
}

/** @param fields such as `{ 'f:host': {} }`, as the API server notes them */
function ownsMore(fields: unknown, desired: unknown): boolean {
  if (!isObject(fields)) return false;
  return Object.entries(fields).some(([key, below]) => {
    if (!key.startsWith('f:')) return false;
    const field = isObject(desired) ? desired[key.slice(2)] : undefined;
    return field === undefined || ownsMore(below, field);
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function uidsOf(owners: readonly { readonly uid: string }[] = []): string[] {
  return owners.map(({ uid }) => uid);
}

function keyOf({ name }: ServiceFacts): string {
  return qualifiedName(name);
}
