/**
 * The next writes for one service. Pure, and driven by what is seen, not by what was done: whoever plans again after
 * any interruption goes on in the same order, and plans nothing once all is as wanted.
 *
 * The order in which nothing is lost: a replica comes as subset, then as route, and once it is ready into the table of
 * weights; it goes out of the table, then out of the routes, then out of the subsets. A route without its subset would
 * answer 503, and so would a subset whose endpoint a proxy does not know yet.
 */
import { isDeepStrictEqual } from 'node:util';
import { qualifiedName } from '../../contract/names.ts';
import { VALID_FOR_MS } from '../../contract/assignment.ts';
import type { Observed, ObservedMetadata, ObservedVirtualService } from '../kubernetes/observed-objects.ts';
import type { Manifest } from '../kubernetes/manifest.ts';
import type { Service } from '../kubernetes/objects.ts';
import { matches } from '../kubernetes/matches.ts';
import type { DesiredRouting, RoutingProblem } from './desired-routing.ts';
import { gatewayPort } from './gateway-port.ts';
import {
  delegateVirtualService,
  destinationRule,
  endpointRouting,
  type ServiceName,
  virtualService,
} from './istio-objects.ts';
import type { RoutingInForce } from './routable.ts';
import { isLabelled, isLabelOurs, sessionProblem, unlabelled } from './session-label.ts';
import { routedReplicas, type StandingRouting } from './observed-routing.ts';
import type { Waiting } from './dwell-timer.ts';

/** How long after an object was seen every proxy has it: istiod gathers changes for 0.1 s and pushes them at once. */
export const SETTLE_MS = 1_000;

/**
 * How long what is no longer used still stands. Agents and proxies use no table for longer without hearing of a
 * controller, so this is enough even if the last one died before it could tell them.
 */
export const HOLD_MS = VALID_FOR_MS;

/** One request to the API server. */
export type Write =
  | {
      readonly verb: 'apply';
      readonly object: Manifest;
      /** Take fields over from others: right for an object that is ours, wrong for somebody's Service. */
      readonly force: boolean;
    }
  | { readonly verb: 'delete'; readonly object: Manifest; readonly uid: string };

/** All that is known of one service. */
export interface ServiceFacts {
  readonly name: ServiceName;
  /** Undefined: no policy enforces anything for it (any more). */
  readonly desired: DesiredRouting | undefined;
  readonly standing: StandingRouting;
  readonly service: Observed<Service> | undefined;
  /** Ready replicas: a table of weights can name only these. */
  readonly ready: ReadonlySet<string>;
  /** Does the cluster know Istio's kinds? */
  readonly knowsIstio: boolean;
}

export interface ServicePlan {
  /** In the order in which they are to be made. */
  readonly steps: readonly Write[];
  /** Undefined: requests cannot be led to single replicas (yet). */
  readonly inForce: RoutingInForce | undefined;
  /** What keeps the wanted routing from being written. */
  readonly problem: RoutingProblem | undefined;
}

export function planService(facts: ServiceFacts, waiting: Waiting): ServicePlan {
  const problem = facts.desired && problemOf(facts, facts.desired);
  const inForce = routingInForce(facts, waiting);
  // What stands beside somebody else's object is left as it is until that is settled.
  const isBlocked = problem !== undefined && facts.desired?.routing === 'Subset';
  const steps = isBlocked ? [] : [...labelSteps(facts, inForce, waiting), ...subsetSteps(facts, inForce, waiting)];
  return { steps, inForce, problem };
}

function problemOf(facts: ServiceFacts, desired: DesiredRouting): RoutingProblem | undefined {
  const { service, standing, knowsIstio } = facts;
  if (desired.routing === 'Endpoint') return service && sessionProblem(service);
  if (desired.problem) return desired.problem;
  if (!knowsIstio) return { reason: 'IstioNotFound', message: NO_ISTIO };
  if (standing.others.length === 0) return undefined;
  const routed = desired.replicas.filter((replica) => standing.routes.has(replica) && standing.subsets.has(replica));
  const what = `${standing.others.join(', ')}: not Ballast's, so left alone; ${routed.length} of ${desired.replicas.length} replicas have routes there`;
  return { reason: 'HostTaken', message: `${what}. ${TAKEN_REMEDY}` };
}

const NO_ISTIO =
  'The cluster knows no VirtualService or DestinationRule: install Istio, or set spec.routing to Endpoint';
const TAKEN_REMEDY =
  'Delete it, give it a route and a subset per replica (`ballast render` extends it), or set spec.routing to Endpoint';

/** The wanted routing once all proxies have it; until then the other one if that still stands. */
function routingInForce(facts: ServiceFacts, waiting: Waiting): RoutingInForce | undefined {
  const { desired, service, standing, ready } = facts;
  const key = keyOf(facts);
  const hasLabel = service !== undefined && isLabelled(service);
  const endpoint: RoutingInForce | undefined = waiting.lasted(`${key} label`, hasLabel, SETTLE_MS, 'always')
    ? { routing: 'Endpoint' }
    : undefined;
  const routed = [...standing.routes].filter((replica) =>
    waiting.lasted(`${key} routed ${replica}`, standing.subsets.has(replica), SETTLE_MS, 'always'),
  );
  // Proxies learn from Istio that a subset has an endpoint, too: until then it answers 503.
  const known = [...standing.routes].filter((replica) =>
    waiting.lasted(`${key} ready ${replica}`, ready.has(replica), SETTLE_MS, 'always'),
  );
  const replicas = new Set(routed).intersection(new Set(known));
  const subset: RoutingInForce | undefined = routed.length > 0 ? { routing: 'Subset', replicas } : undefined;
  if (!desired) return undefined;
  return desired.routing === 'Endpoint' ? (endpoint ?? subset) : (subset ?? endpoint);
}

/** Endpoint routing: the label comes at once, and goes once no table needs it. */
function labelSteps(facts: ServiceFacts, inForce: RoutingInForce | undefined, waiting: Waiting): Write[] {
  const { desired, service, name } = facts;
  if (!service) return [];
  if (desired?.routing === 'Endpoint') {
    if (isLabelled(service) || sessionProblem(service)) return [];
    return endpointRouting([{ ...name, replicas: [] }]).map((object) => ({ verb: 'apply', object, force: false }));
  }
  const isUnused = isLabelOurs(service) && inForce?.routing !== 'Endpoint';
  if (!waiting.lasted(`${keyOf(facts)} label unused`, isUnused, HOLD_MS, 'now')) return [];
  return [{ verb: 'apply', object: unlabelled(name), force: false }];
}

/** Subset routing: what is added to the subsets and taken from the routes now; the rest follows once that has settled. */
function subsetSteps(facts: ServiceFacts, inForce: RoutingInForce | undefined, waiting: Waiting): Write[] {
  const { desired, standing, service, name } = facts;
  const key = keyOf(facts);
  const wanted = new Set(desired?.routing === 'Subset' ? desired.replicas : []);
  const stamped = inForce?.routing === 'Subset' ? inForce.replicas : new Set<string>();

  const settled = [...wanted].filter((replica) =>
    waiting.lasted(`${key} subset ${replica}`, standing.subsets.has(replica), SETTLE_MS, 'always'),
  );
  const staying = [...standing.ownRoutes].filter((replica) => {
    // A route without its subset answers 503: Kubernetes removes both with the policy. A wanted one is put back at once.
    if (!wanted.has(replica) && !standing.subsets.has(replica)) return false;
    const isUnused = !wanted.has(replica) && !stamped.has(replica);
    return !waiting.lasted(`${key} unused ${replica}`, isUnused, HOLD_MS, 'now');
  });
  const ownSubsets = standing.rule ? [...standing.subsets] : [];
  const lingering = ownSubsets.filter((replica) => {
    const isUnrouted = !wanted.has(replica) && !standing.ownRoutes.has(replica);
    return !waiting.lasted(`${key} unrouted ${replica}`, isUnrouted, HOLD_MS, 'now');
  });

  const rule = { ...name, replicas: [...new Set([...wanted, ...lingering])] };
  const routes = { ...name, replicas: routesIn(standing.virtualService, settled, staying) };
  const port = service && gatewayPort(service);
  const delegated = {
    ...name,
    replicas: routesIn(standing.delegate, settled, staying),
    ...(port !== undefined && { port }),
  };
  // A gateway that delegates to it needs it even without routes, but without a policy nothing new is made.
  const isNeeded = standing.isDelegatedTo && (desired ?? standing.delegate) !== undefined;
  const isDelegate = isNeeded || delegated.replicas.length > 0;
  return [
    ...written(rule.replicas.length > 0 ? destinationRule(rule) : undefined, standing.rule, desired),
    ...written(routes.replicas.length > 0 ? virtualService(routes) : undefined, standing.virtualService, desired),
    // Without an owner: a gateway that delegates to it must not lose its routes along with the policy.
    ...written(isDelegate ? delegateVirtualService(delegated) : undefined, standing.delegate),
  ];
}

/** What an object is to hold: new routes only for settled subsets, and of those that are to stay the ones it has. */
function routesIn(
  object: ObservedVirtualService | undefined,
  settled: readonly string[],
  staying: readonly string[],
): string[] {
  const standing = new Set(object ? routedReplicas(object) : []);
  return [...new Set([...settled, ...staying.filter((replica) => standing.has(replica))])];
}

type Standing = (Manifest & { readonly metadata: ObservedMetadata }) | undefined;

/** What it takes to make what stands what is wanted. */
function written(wanted: Manifest | undefined, standing: Standing, desired?: DesiredRouting): Write[] {
  if (!wanted) {
    if (!standing || standing.metadata.deletionTimestamp !== undefined) return [];
    return [{ verb: 'delete', object: standing, uid: standing.metadata.uid }];
  }
  const owners: readonly { readonly uid: string }[] | undefined = desired
    ? [desired.owner]
    : standing?.metadata.ownerReferences;
  if (matches(standing, wanted) && isDeepStrictEqual(uidsOf(owners), uidsOf(standing?.metadata.ownerReferences))) {
    return [];
  }
  const metadata = { ...wanted.metadata, ...(owners && { ownerReferences: owners }) };
  return [{ verb: 'apply', object: { ...wanted, metadata }, force: true }];
}

function uidsOf(owners: readonly { readonly uid: string }[] = []): string[] {
  return owners.map(({ uid }) => uid);
}

function keyOf({ name }: ServiceFacts): string {
  return qualifiedName(name);
}
