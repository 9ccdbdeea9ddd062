/** A publisher with one agent that applies what it is sent, and decisions for it to publish. */
import { expect } from 'vitest';
import type { AssignmentUpdate, ServiceAssignment } from '../../../../contract/assignment.ts';
import type { Decision, ReplicaState } from '../../../../contract/decision.ts';
import type { Topology } from '../../../../central-controller/model/topology.ts';
import type { Subscriber } from '../../../../central-controller/publish/agent-stream.ts';
import { Publisher } from '../../../../central-controller/publish/publisher.ts';
import { serviceTopology, topologyOf } from '../../fixtures.ts';

export const NOW = 1_000_000;
export const KEY = '8080|geo.hotel.svc.cluster.local';

export interface Wish {
  readonly weight?: number;
  readonly state?: ReplicaState;
  /** Cores in use by every replica, each of which could have one. */
  readonly cpuCores?: number;
}

export function decisionOn(topology: Topology, at: number, wish: Wish | ((service: string) => Wish) = {}): Decision {
  return {
    tick: 1,
    at,
    optimalityGap: 0,
    changed: true,
    nodes: [],
    services: topology.services.map(({ namespace, name, mode, replicas }) => {
      const { weight = 0.5, state = 'Active', cpuCores = 0.5 } = typeof wish === 'function' ? wish(name) : wish;
      return {
        namespace,
        name,
        mode,
        demandCores: 0,
        servedCores: 0,
        fairShareCores: 0,
        requestsPerSecond: 0,
        replicas: replicas.map((replica, index) => ({
          name: replica.name,
          node: replica.node,
          state: replica.ready ? state : ('NotReady' as const),
          weight: index === 0 ? weight : 1 - weight,
          target: 0.5,
          previous: 0.5,
          limits: [],
          cpuPerRequestSeconds: 0,
          cpuPerRequestDeviation: 0,
          requestsPerSecond: 0,
          cpuCores,
          capacityCores: 1,
          inFlight: 3,
          meanInFlight: 1,
          meanLatencySeconds: 0.01,
          failureRatio: 0,
          nonCpuSeconds: 0,
        })),
      };
    }),
  };
}

/** An agent that applies what it receives, by the protocol. */
export class Agent implements Subscriber {
  readonly node: string;
  readonly updates: AssignmentUpdate[] = [];
  readonly held = new Map<string, ServiceAssignment>();
  takes = true;
  closed = false;

  constructor(node = 'node-1') {
    this.node = node;
  }

  write(line: string): boolean {
    expect(line.endsWith('\n')).toBe(true);
    const update = JSON.parse(line) as AssignmentUpdate;
    this.updates.push(update);
    if (update.full) this.held.clear();
    for (const key of update.removed) this.held.delete(key);
    for (const service of update.services) this.held.set(service.key, service);
    return this.takes;
  }

  close(): void {
    this.closed = true;
  }
}

export function publishing(topology = topologyOf(serviceTopology())) {
  const publisher = new Publisher(NOW);
  const agent = new Agent();
  publisher.subscribe(agent, NOW);
  const publish = (after: number, wish: Parameters<typeof decisionOn>[2] = {}, next = topology) =>
    publisher.publish(decisionOn(next, NOW + after, wish), next, NOW + after);
  return { publisher, agent, publish };
}
