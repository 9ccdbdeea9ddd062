/**
 * CPU shares and quotas for the replicas of services whose policy asks for them, by the same fair shares that requests
 * are balanced by. Shares say who goes first where the CPU is short, and cost nothing where it is not; a quota is a
 * bound even on an idle node, so it leaves room above all that the allocation may send to the replica.
 */
import { qualifiedName } from '../../contract/names.ts';
import type { CpuGrant } from '../../contract/assignment.ts';
import type { Decision, ReplicaDecision, ServiceDecision } from '../../contract/decision.ts';
import type { NodeEstimate, ReplicaEstimate, ServiceEstimate } from '../model/snapshot.ts';

/** A fair share counts as a CPU request of that size does in Kubernetes: pods that are not balanced keep theirs. */
const SHARES_PER_CORE = 1024;
const MIN_SHARES = 2;
const MAX_SHARES = 262_144;

/** Room in a quota for bursts, as a part of what is granted. */
const HEADROOM = 0.25;
/** Cores; the runtime of a replica without requests needs some, too. */
const MIN_QUOTA = 0.05;

/** A setting stays while what is wanted is no further from it than this part, so that noise is not written down. */
const DEAD_BAND = 0.1;

/** Neighbours that fill a node would take less if the replicas asked for more. */
const MIN_FREE = 0.05;

/** What one node has for the replicas that are decided together. */
interface NodeShare {
  readonly capacityCores: number;
  readonly freeCores: number;
  /** Sum of the weights of the services of its replicas, once per replica. */
  shareWeight: number;
}

interface Wanted {
  readonly shares: number;
  readonly quotaCores: number;
  /** Below this a quota would hold back what the allocation grants. */
  readonly leastQuotaCores: number;
}

/** One replica for which something is to be set. */
interface Granted {
  readonly replica: ReplicaDecision;
  readonly control: NonNullable<ServiceEstimate['cpuControl']>;
  readonly before: CpuGrant;
  readonly wanted: Wanted;
}

/**
 * The decisions, with a grant for each replica that is to have one: its service asks for it and is known well enough
 * to be weighed, and its node has been heard of.
 *
 * @param decisions one per service, in the order of `services`
 * @param previous the decision in force, whose grants stay where they are near enough
 */
export function withCpuGrants(
  decisions: ServiceDecision[],
  services: readonly ServiceEstimate[],
  nodes: readonly NodeEstimate[],
  previous: Decision | undefined,
): ServiceDecision[] {
  if (services.every(({ cpuControl }) => cpuControl === undefined)) return decisions;
  const before = grantsOf(previous);
  const grants = new Map<ReplicaDecision, CpuGrant>();
  for (const mode of ['Enforce', 'Observe'] as const) {
    // As for weights: what is enforced has to do with the load of all others as it is.
    const together = decisions.map((service) => service.mode === 'Enforce' || service.mode === mode);
    const shareOf = nodeShares(decisions, services, nodes, together);
    const byNode = new Map<string, Granted[]>();
    decisions.forEach((decision, index) => {
      const service = services[index];
      if (decision.mode !== mode || service?.cpuControl === undefined) return;
      const control = service.cpuControl;
      decision.replicas.forEach((replica, at) => {
        const [estimate, share] = [service.replicas[at], shareOf.get(replica.node)];
        if (!estimate || !share || !isWeighed(replica)) return;
        const wanted = wantedOf(replica, estimate, decision, service.shareWeight, share);
        const held = before.get(keyOf(decision, replica)) ?? {};
        if (decision.paused) {
          grants.set(replica, held);
          return;
        }
        const granted = { replica, control, before: held, wanted };
        byNode.set(replica.node, [...(byNode.get(replica.node) ?? []), granted]);
      });
    });
    for (const onNode of byNode.values()) {
      for (const [replica, grant] of settle(onNode)) grants.set(replica, grant);
    }
  }
  return decisions.map((decision) => ({
    ...decision,
    replicas: decision.replicas.map((replica) => {
      const cpuGrant = grants.get(replica);
      return cpuGrant ? { ...replica, cpuGrant } : replica;
    }),
  }));
}

function isWeighed({ state }: ReplicaDecision): boolean {
  return state !== 'Learning' && state !== 'NotReady';
}

function keyOf({ namespace, name }: ServiceDecision, replica: ReplicaDecision): string {
  return `${qualifiedName({ namespace, name })}/${replica.name}`;
}

function grantsOf(previous: Decision | undefined): ReadonlyMap<string, CpuGrant> {
  const grants = new Map<string, CpuGrant>();
  for (const service of previous?.services ?? []) {
    for (const replica of service.replicas) {
      if (replica.cpuGrant) grants.set(keyOf(service, replica), replica.cpuGrant);
    }
  }
  return grants;
}

/** Nodes that were heard of. `together`: per service, whether it is decided, or its load is taken as it is. */
function nodeShares(
  decisions: readonly ServiceDecision[],
  services: readonly ServiceEstimate[],
  nodes: readonly NodeEstimate[],
  together: readonly boolean[],
): ReadonlyMap<string, NodeShare> {
  const others = new Map<string, number>();
  const weights = new Map<string, number>();
  decisions.forEach(({ mode, replicas }, index) => {
    if (mode === 'Off') return;
    const service = services[index];
    replicas.forEach((replica, at) => {
      // What a replica uses without requests is in the node's background already.
      const withRequests = Math.max(0, replica.cpuCores - (service?.replicas[at]?.idleCores ?? 0));
      const [sums, amount] =
        together[index] && isWeighed(replica) ? [weights, service?.shareWeight ?? 0] : [others, withRequests];
      sums.set(replica.node, (sums.get(replica.node) ?? 0) + amount);
    });
  });
  const heard = nodes.filter(({ cores }) => cores > 0);
  return new Map(
    heard.map(({ name, cores, stealCores, backgroundCores }) => {
      const capacityCores = Math.max(0.01 * cores, cores - stealCores);
      const freeCores = capacityCores - backgroundCores - (others.get(name) ?? 0);
      return [
        name,
        {
          capacityCores,
          freeCores: Math.max(MIN_FREE * capacityCores, freeCores),
          shareWeight: weights.get(name) ?? 0,
        },
      ];
    }),
  );
}

function wantedOf(
  replica: ReplicaDecision,
  { limitCores = Infinity }: ReplicaEstimate,
  { requestsPerSecond, demandCores, servedCores }: ServiceDecision,
  shareWeight: number,
  node: NodeShare,
): Wanted {
  const part = node.shareWeight > 0 ? shareWeight / node.shareWeight : 1;
  const fairCores = Math.min(limitCores, node.freeCores * part);
  const coresAt = (weight: number): number => requestsPerSecond * weight * replica.cpuPerRequestSeconds;
  const servedPart = demandCores > 0 ? Math.min(1, servedCores / demandCores) : 1;
  const allocated = coresAt(Math.max(replica.weight, replica.target)) * servedPart;
  // Neighbours that take all a bounded replica leaves would otherwise shrink the bound, and that again what it leaves.
  const needed = Math.min(replica.cpuCores, node.capacityCores * part);
  const most = Math.min(limitCores, node.capacityCores);
  const granted = Math.max(fairCores, allocated, needed);
  return {
    shares: Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.round(fairCores * SHARES_PER_CORE))),
    quotaCores: Math.min(most, Math.max(MIN_QUOTA, granted * (1 + HEADROOM))),
    leastQuotaCores: Math.min(most, granted),
  };
}

/** Shares of a node's replicas move together or not at all, so that the dead band does not bend their ratios. */
function* settle(onNode: readonly Granted[]): Generator<[ReplicaDecision, CpuGrant]> {
  const shared = onNode.filter(({ control }) => control !== 'CPU_QUOTA');
  const sharesStay = shared.every(({ before, wanted }) => isNear(before.shares, wanted.shares));
  for (const { replica, control, before, wanted } of onNode) {
    const quotaStays = isNear(before.quotaCores, wanted.quotaCores) && before.quotaCores >= wanted.leastQuotaCores;
    yield [
      replica,
      {
        ...(control !== 'CPU_QUOTA' && { shares: (sharesStay ? before.shares : undefined) ?? wanted.shares }),
        ...(control !== 'CPU_SHARE' && { quotaCores: quotaStays ? before.quotaCores : wanted.quotaCores }),
      },
    ];
  }
}

function isNear(before: number | undefined, wanted: number): before is number {
  return before !== undefined && Math.abs(wanted - before) <= DEAD_BAND * before;
}
