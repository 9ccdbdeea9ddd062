/** What the controller knows of the cluster: which replica of which service runs on which node. Plain values. */
import type { CpuControl, Routing } from '../../contract/assignment.ts';
import type { PolicyLimits } from '../../contract/policy.ts';
import type { KnownPolicy } from './known-policy.ts';

/** Where Ballast stands towards a service: it decides only, it decides and publishes, or it does neither. */
export type Mode = 'Observe' | 'Enforce' | 'Off';

export interface ReplicaTopology {
  /** Pod name; replica N of a StatefulSet is `<service>-N`. */
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly ip: string;
  readonly ready: boolean;
  /** When it became known, ms of the controller's clock; warm-up counts from here. */
  readonly since: number;
  /** CPU limit of the whole pod in cores, if each container has one. */
  readonly limitCores?: number;
  /** CPU that the pod requests, in cores, if it does: what its node still gives it when others want all of it. */
  readonly requestCores?: number;
}

export interface ServiceTopology {
  readonly namespace: string;
  readonly name: string;
  readonly ports: readonly { readonly port: number; readonly targetPort: number }[];
  readonly mode: Mode;
  readonly routing: Routing;
  readonly pinning: boolean;
  readonly objective: 'delay' | 'level';
  /** Weight in the fair share of CPU among services; 1 unless the policy says otherwise. */
  readonly shareWeight: number;
  /** Absent: the replicas' CPU settings are left alone. */
  readonly cpuControl?: CpuControl;
  /** Absent: weights are bounded as those of all services are. */
  readonly limits?: PolicyLimits;
  readonly replicas: readonly ReplicaTopology[];
}

export interface Topology {
  /** Domain of the hosts that Envoy's clusters are named after; absent: cluster.local. */
  readonly clusterDomain?: string | undefined;
  readonly nodes: readonly { readonly name: string }[];
  readonly services: readonly ServiceTopology[];
}

/** Port: where topology comes from. `changed` only says that it is worth reading again. */
export interface Cluster {
  read(): Topology;
  /** Also those that lead to no service that could be balanced. */
  policies(): readonly KnownPolicy[];
  onChange(changed: () => void): void;
  close(): Promise<void>;
}
