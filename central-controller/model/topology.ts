/** What runs where: services, their replicas and nodes, from the cluster's objects. */
import type { CpuControl, Routing } from '../../contract/assignment.ts';
import type { PolicyStatus } from '../../contract/policy-status.ts';
import type { LoadBalancingPolicy, PolicyLimits } from '../../contract/policy.ts';

/** Ballast decides only, decides and publishes, or does neither. */
export type Mode = 'Observe' | 'Enforce' | 'Off';

export interface ReplicaTopology {
  /** Pod name; replica N of a StatefulSet is `<service>-N`. */
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  /** `ip:port` where it takes requests to each port of the service that it has. */
  readonly addresses: Readonly<Record<number, string>>;
  readonly ready: boolean;
  /** When the controller first saw it ready or not, ms of its clock. Warm-up counts from here. */
  readonly since: number;
  /** CPU limit of the pod in cores, if every container has one. */
  readonly limitCores?: number;
  /** CPU request of the pod in cores: what its node gives it even when CPU is short. */
  readonly requestCores?: number;
}

export interface ServiceTopology {
  readonly namespace: string;
  readonly name: string;
  /** Ports of the Service that are balanced. */
  readonly ports: readonly number[];
  readonly mode: Mode;
  readonly routing: Routing;
  readonly pinning: boolean;
  readonly objective: 'delay' | 'level';
  /** Weight of the service in the fair share of CPU. */
  readonly shareWeight: number;
  /** Absent: the replicas' CPU settings are left alone. */
  readonly cpuControl?: CpuControl;
  /** Absent: the limits of all services hold. */
  readonly limits?: PolicyLimits;
  readonly replicas: readonly ReplicaTopology[];
}

export interface Topology {
  /** Domain of the hosts in the names of Envoy's clusters; absent: cluster.local. */
  readonly clusterDomain?: string | undefined;
  readonly nodes: readonly { readonly name: string }[];
  readonly services: readonly ServiceTopology[];
}

/** A policy of the cluster. */
export interface KnownPolicy {
  readonly policy: LoadBalancingPolicy;
  /** `<namespace>/<name>` of the Service that its target leads to; undefined: there is none. */
  readonly service: string | undefined;
  /** Undefined without an API server. */
  readonly status: PolicyStatus | undefined;
}

/** Port: where topology comes from. */
export interface Cluster {
  read(): Topology;
  /** All policies, including those whose target leads to no Service. */
  policies(): readonly KnownPolicy[];
  /** `changed` tells that the topology may have changed. */
  onChange(changed: () => void): void;
  close(): Promise<void>;
}
