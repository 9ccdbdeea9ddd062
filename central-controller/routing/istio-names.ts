/** Names, labels and hosts of the Istio objects that lead a request to one replica. Pure. */
import { serviceHost } from '../../contract/names.ts';

/** Kubernetes sets this label on every pod of a StatefulSet. Its value is the pod's name. */
export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';

/** Label of a Service that names its session header; istiod needs PILOT_ENABLE_PERSISTENT_SESSION_FILTER=true. */
export const SESSION_LABEL = 'istio.io/persistent-session-header';

/** Ballast writes only objects that have this label and one of the names below. */
export const MANAGED_LABEL = { key: 'app.kubernetes.io/managed-by', value: 'ballast' } as const;

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
  /** Domain of its host; absent: cluster.local. */
  readonly clusterDomain?: string | undefined;
}

/** Name of a service's DestinationRule and VirtualService. Users often give theirs the service's own name. */
export function routingName(service: string): string {
  return `ballast-${service}`;
}

/** Name of the VirtualService that one of a gateway can delegate to. No Service has a dot in its name. */
export function delegateName(service: string): string {
  return `${routingName(service)}.delegate`;
}

/** The service that an object of one of these names is for. */
export function serviceOfName(object: string): string | undefined {
  return /^ballast-([^.]+)(?:\.delegate)?$/.exec(object)?.[1];
}

export function hostOf(service: ServiceName): string {
  return serviceHost(service.namespace, service.name, service.clusterDomain);
}

/** Full host of a name in an Istio object of `namespace`; a name without dots is a Service of that namespace. */
export function fullHost(name: string, namespace: string, clusterDomain?: string): string {
  return name.includes('.') || name === '*' ? name : serviceHost(namespace, name, clusterDomain);
}

/** `<name>-<start>` and so on, as a StatefulSet names its pods. */
export function replicaNames(name: string, count: number, start = 0): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${start + index}`);
}

/** Why Istio takes no subset of this replica's name; undefined where it does. */
export function subsetNameProblem(replica: string): string | undefined {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(replica)) return undefined;
  return `${replica} cannot be the name of a subset: use Endpoint routing, or a StatefulSet name without dots`;
}
