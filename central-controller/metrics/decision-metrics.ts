/**
 * The latest decision as series: several per node and service, one per replica. A fleet may have ten thousand replicas, so
 * above a limit replicas have none.
 */
import type { Registry } from 'prom-client';
import type { Decision, NodeDecision, ReplicaDecision, ServiceDecision } from '../../contract/decision.ts';
import type { NodeInventory } from '../../contract/node-inventory.ts';
import type { ControllerState } from '../state.ts';
import { reading, readings } from './readings.ts';

/** @param mostReplicas above this total number of replicas, none has series of its own */
export function registerDecisionMetrics(registry: Registry, state: ControllerState, mostReplicas: number): void {
  registerNodes(registry, state);
  registerServices(registry, state);
  registerReplicas(registry, state, mostReplicas);
}

function registerNodes(registry: Registry, state: ControllerState): void {
  const nodes = (): readonly NodeDecision[] => state.decision?.nodes ?? [];
  const perNode = (name: string, help: string, read: (node: NodeDecision) => number | undefined): void =>
    readings(registry, { name, help, labelNames: ['node'] }, () =>
      nodes().flatMap((node) => {
        const value = read(node);
        return value === undefined ? [] : [[{ node: node.name }, value] as const];
      }),
    );
  const ofCores = (read: (node: NodeDecision) => number) => (node: NodeDecision) =>
    node.cores > 0 ? read(node) / node.cores : undefined;
  const isMissed = whichAreMissed(state);
  readings(
    registry,
    {
      name: 'ballast_node_silent',
      help: "1: the node's agent was not heard lately; absent where it never was and no balanced replica runs",
      labelNames: ['node'],
    },
    () => {
      const { decision } = state;
      if (!decision) return [];
      return decision.nodes
        .filter(isMissed(decision))
        .map(({ name, stale }) => [{ node: name }, stale ? 1 : 0] as const);
    },
  );
  perNode(
    'ballast_node_report_age_seconds',
    "Time since the node's agent last reported; absent where it never did",
    ({ name }) => {
      const lastSeen = state.lastSeen(name);
      return lastSeen === undefined ? undefined : Math.max(0, state.clock.now() - lastSeen) / 1000;
    },
  );
  readings(
    registry,
    {
      name: 'ballast_node_info',
      help: 'What a node is made of, as its agent read it at its start; always 1',
      labelNames: ['node', 'cpu_model', 'cpu_ghz', 'cores', 'threads', 'virtual', 'memory_bytes', 'kernel', 'cgroup'],
    },
    () =>
      nodes().flatMap(({ name }) => {
        const inventory = state.inventory(name);
        return inventory === undefined ? [] : [[{ node: name, ...inventoryLabels(inventory) }, 1] as const];
      }),
  );
  perNode('ballast_node_cpu_cores', 'Cores of a node, which its agent counted', ({ cores }) => cores);
  perNode(
    'ballast_node_utilisation_ratio',
    'Busy cores of a node over its cores',
    ofCores(({ busyCores }) => busyCores),
  );
  perNode(
    'ballast_node_background_ratio',
    'Cores of a node that are busy with others than balanced replicas, over its cores',
    ofCores(({ backgroundCores }) => backgroundCores),
  );
  perNode(
    'ballast_node_predicted_utilisation_ratio',
    'What the utilisation would be with the target weights in force',
    ({ predictedUtilisation }) => predictedUtilisation,
  );
}

function inventoryLabels(inventory: NodeInventory) {
  const { cpuModel, cpuGHz, cores, threads, virtual, memoryBytes, kernel, cgroupVersion } = inventory;
  return {
    cpu_model: cpuModel,
    cpu_ghz: cpuGHz === null ? '' : String(cpuGHz),
    cores: String(cores),
    threads: String(threads),
    virtual: String(virtual),
    memory_bytes: String(memoryBytes),
    kernel,
    cgroup: cgroupVersion ?? '',
  };
}

/**
 * Nodes that should have an agent. Others may have none on purpose: nodes outside the chart's `agent.nodeSelector`, Windows
 * and virtual nodes.
 */
function whichAreMissed(state: ControllerState): (decision: Decision) => (node: NodeDecision) => boolean {
  const heard = new Set<string>();
  state.onReport(({ node }) => heard.add(node));
  state.onDecision((_decision, previous) => {
    // The first decision after a takeover: what an earlier term saw may be outdated.
    if (!previous) heard.clear();
  });
  return ({ services }) => {
    const balanced = services.filter(({ mode }) => mode !== 'Off');
    const carrying = new Set(balanced.flatMap(({ replicas }) => replicas.map(({ node }) => node)));
    return ({ name }) => carrying.has(name) || heard.has(name);
  };
}

function registerServices(registry: Registry, state: ControllerState): void {
  const services = (): readonly ServiceDecision[] => state.decision?.services ?? [];
  const perService = (name: string, help: string, read: (service: ServiceDecision) => number | undefined): void =>
    readings(registry, { name, help, labelNames: ['namespace', 'service'] }, () =>
      services().flatMap((service) => {
        const value = read(service);
        return value === undefined ? [] : [[labelsOf(service), value] as const];
      }),
    );
  readings(
    registry,
    { name: 'ballast_services', help: 'Services with a policy, by its mode', labelNames: ['mode'] },
    () => [...countBy(services(), ({ mode }) => mode)].map(([mode, count]) => [{ mode }, count]),
  );
  readings(
    registry,
    {
      name: 'ballast_service_replicas',
      help: 'Replicas of a service by their state; a state that no replica is in is absent',
      labelNames: ['namespace', 'service', 'state'],
    },
    () =>
      services().flatMap((service) =>
        [...countBy(service.replicas, ({ state }) => state)].map(
          ([state, count]) => [{ ...labelsOf(service), state }, count] as const,
        ),
      ),
  );
  perService('ballast_service_paused', '1: its weights are held by hand as they were', ({ paused }) =>
    paused ? 1 : 0,
  );
  perService(
    'ballast_service_demand_cores',
    'CPU that the requests to a service need',
    (service) => service.demandCores,
  );
  perService(
    'ballast_service_served_cores',
    'Part of the demand that the nodes can carry, fairly shared',
    (service) => service.servedCores,
  );
  perService(
    'ballast_service_fair_share_cores',
    'CPU that a service could claim if all others wanted theirs',
    (service) => service.fairShareCores,
  );
  perService(
    'ballast_service_requests_per_second',
    'Estimated rate of requests to a service',
    (service) => service.requestsPerSecond,
  );
  perService(
    'ballast_service_lowest_weight_ratio',
    "Lowest weight among a service's replicas in use, over the equal weight",
    ({ replicas }) => overEqual(replicas, Math.min),
  );
  perService(
    'ballast_service_highest_weight_ratio',
    "Highest weight among a service's replicas in use, over the equal weight",
    ({ replicas }) => overEqual(replicas, Math.max),
  );
}

function registerReplicas(registry: Registry, state: ControllerState, mostReplicas: number): void {
  const count = (): number => state.decision?.services.reduce((sum, { replicas }) => sum + replicas.length, 0) ?? 0;
  readings(
    registry,
    {
      name: 'ballast_replica_weight_ratio',
      help: "Share of its service's requests that a replica is to get (see --replica-metrics)",
      labelNames: ['namespace', 'service', 'replica'],
    },
    () => {
      if (count() > mostReplicas) return [];
      return (state.decision?.services ?? []).flatMap((service) =>
        service.replicas.map(({ name, weight }) => [{ ...labelsOf(service), replica: name }, weight] as const),
      );
    },
  );
  reading(
    registry,
    'ballast_replicas_without_series',
    'Replicas that have no series of their own, since there are more of them than --replica-metrics',
    () => (count() > mostReplicas ? count() : 0),
  );
}

function labelsOf({ namespace, name }: ServiceDecision): { namespace: string; service: string } {
  return { namespace, service: name };
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

/** Over ready replicas, as only these have a weight. Undefined where there are none. */
function overEqual(replicas: readonly ReplicaDecision[], choose: (...weights: number[]) => number): number | undefined {
  const weights = replicas.filter(({ state }) => state !== 'NotReady').map(({ weight }) => weight);
  return weights.length === 0 ? undefined : choose(...weights) * weights.length;
}
