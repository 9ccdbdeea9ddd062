/**
 * CPU shares and quotas for replicas of services whose policy asks for them. They follow the fair shares that balance
 * requests. CPU shares matter only when CPU is short. A quota binds even on an idle node, so it leaves room above all that
 * the allocation may send to the replica.
 */
import { qualifiedName } from '../../contract/names.ts';
import type { CpuGrant } from '../../contract/assignment.ts';
import type { Decision, ReplicaDecision, ServiceDecision } from '../../contract/decision.ts';
import type { NodeEstimate, ReplicaEstimate, ServiceEstimate } from '../model/snapshot.ts';

/** As Kubernetes converts CPU requests, so that balanced pods compare with all others. */
const SHARES_PER_CORE = 1024;
const MIN_SHARES = 2;
const MAX_SHARES = 262_144;

/** Room for bursts, as a fraction of the granted cores. */
const HEADROOM_FRACTION = 0.25;
/** Cores; a replica without requests needs some for its runtime. */
const MIN_QUOTA_CORES = 0.05;

/** A setting stays while the desired one is within this fraction of it, so that noise is not written. */
const DEAD_BAND = 0.1;

/** At least this fraction of a node counts as free: the kernel takes CPU from neighbours when the replicas use more. */
const MIN_FREE_FRACTION = 0.05;

/** What one node offers to the replicas that are decided together. */
interface NodeShare {
  readonly capacityCores: number;
  readonly freeCores: number;
  /** Sum of `shareWeight` over those replicas. */
  readonly shareWeight: number;
}

interface DesiredCpu {
  readonly shares: number;
  readonly quotaCores: number;
  /** A lower quota would hold back what the allocation grants. */
  readonly minQuotaCores: number;
}

/** A replica that gets a grant. */
interface Granted {
  readonly replica: ReplicaDecision;
  readonly control: NonNullable<ServiceEstimate['cpuControl']>;
  readonly before: CpuGrant;
  readonly desired: DesiredCpu;
}

/**
 * The decisions with CPU grants. A replica gets a grant if its policy asks for one, its service has left the state
 * Learning, and its node's agent has reported.
 *
 * @param decisions one per service, in the order of `services`
 * @param previous the decision in force; its grants stay when they are near enough
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
    // As for weights: enforced services are decided on top of the present load of all others.
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
        const desired = desiredCpu(replica, estimate, decision, service.shareWeight, share);
        const held = before.get(keyOf(decision, replica)) ?? {};
        if (decision.paused) {
          grants.set(replica, held);
          return;
        }
        const granted = { replica, control, before: held, desired };
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

/** Nodes whose agents have reported. `together`: per service, whether it is decided now; otherwise its present load counts. */
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
      // The node's background already contains what the replica uses without requests.
      const withRequests = Math.max(0, replica.cpuCores - (service?.replicas[at]?.idleCores ?? 0));
      const [sums, amount] =
        together[index] && isWeighed(replica) ? [weights, service?.shareWeight ?? 0] : [others, withRequests];
      sums.set(replica.node, (sums.get(replica.node) ?? 0) + amount);
    });
  });
  const known = nodes.filter(({ cores }) => cores > 0);
  return new Map(
    known.map(({ name, cores, stealCores, backgroundCores }) => {
      const capacityCores = Math.max(0.01 * cores, cores - stealCores);
      const freeCores = capacityCores - backgroundCores - (others.get(name) ?? 0);
      return [
        name,
        {
          capacityCores,
          freeCores: Math.max(MIN_FREE_FRACTION * capacityCores, freeCores),
          shareWeight: weights.get(name) ?? 0,
        },
      ];
    }),
  );
}

function desiredCpu(
  replica: ReplicaDecision,
  { limitCores = Infinity }: ReplicaEstimate,
  { requestsPerSecond, demandCores, servedCores }: ServiceDecision,
  shareWeight: number,
  node: NodeShare,
): DesiredCpu {
  const fraction = node.shareWeight > 0 ? shareWeight / node.shareWeight : 1;
  const fairCores = Math.min(limitCores, node.freeCores * fraction);
  const coresAt = (weight: number): number => requestsPerSecond * weight * replica.cpuPerRequestSeconds;
  const servedFraction = demandCores > 0 ? Math.min(1, servedCores / demandCores) : 1;
  const allocated = coresAt(Math.max(replica.weight, replica.target)) * servedFraction;
  // Without this, a quota would hold the replica back, neighbours would take the rest, and the next quota would be lower.
  const needed = Math.min(replica.cpuCores, node.capacityCores * fraction);
  const most = Math.min(limitCores, node.capacityCores);
  const granted = Math.max(fairCores, allocated, needed);
  return {
    shares: Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.round(fairCores * SHARES_PER_CORE))),
    quotaCores: Math.min(most, Math.max(MIN_QUOTA_CORES, granted * (1 + HEADROOM_FRACTION))),
    minQuotaCores: Math.min(most, granted),
  };
}

/** The CPU shares of a node's replicas change together or not at all, so that the dead band keeps their ratios. */
function* settle(onNode: readonly Granted[]): Generator<[ReplicaDecision, CpuGrant]> {
  const shared = onNode.filter(({ control }) => control !== 'CPU_QUOTA');
  const sharesStay = shared.every(({ before, desired }) => isNear(before.shares, desired.shares));
  for (const { replica, control, before, desired } of onNode) {
    const quotaStays = isNear(before.quotaCores, desired.quotaCores) && before.quotaCores >= desired.minQuotaCores;
    yield [
      replica,
      {
        ...(control !== 'CPU_QUOTA' && { shares: (sharesStay ? before.shares : undefined) ?? desired.shares }),
        ...(control !== 'CPU_SHARE' && { quotaCores: quotaStays ? before.quotaCores : desired.quotaCores }),
      },
    ];
  }
}

function isNear(before: number | undefined, desired: number): before is number {
  return before !== undefined && Math.abs(desired - before) <= DEAD_BAND * before;
}
