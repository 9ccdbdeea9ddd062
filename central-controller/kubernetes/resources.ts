/**
 * The kinds that are watched: where the API server has them, and which of their fields are kept. A pod has some 10 kB of
 * JSON, of which half a kilobyte is read here.
 */
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import type { DestinationRule, VirtualService } from './istio.ts';
import { KINDS, listPath, readerOf } from './kinds.ts';
import type { Kind } from './manifest.ts';
import {
  type Deployment,
  type EndpointSlice,
  type Node,
  type Pod,
  type Service,
  SERVICE_NAME_LABEL,
  type StatefulSet,
} from './objects.ts';
import type { ObjectReader } from './read-object.ts';
import { FIELD_MANAGER, type Observed } from './observed-objects.ts';

type Json = Readonly<Record<string, unknown>>;

export interface Resource<T> {
  readonly kind: string;
  readonly apiVersion: string;
  /** Path of the list over all namespaces. */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly read: ObjectReader<T>;
  /** The fields that are kept, of an object that may be of any form. */
  readonly keep: (object: Json) => Json;
}

/** Objects that Ballast writes, or owns others by, keep the metadata that this takes. */
export const RESOURCES = {
  nodes: resource<Node>(KINDS.Node, ({ metadata }) => ({ metadata: pick(metadata, 'name') })),
  // A pod that has ended leaves the watch as if it had been deleted.
  pods: resource<Pod>(KINDS.Pod, keepPod, 'status.phase!=Succeeded,status.phase!=Failed'),
  endpointSlices: resource<EndpointSlice>(KINDS.EndpointSlice, ({ metadata, addressType, ports, endpoints }) => ({
    metadata: { ...pick(metadata, 'name', 'namespace'), labels: pick(at(metadata, 'labels'), SERVICE_NAME_LABEL) },
    addressType,
    ...(Array.isArray(ports) && { ports: each(ports, (port) => pick(port, 'name', 'port', 'protocol')) }),
    endpoints: each(endpoints, (endpoint) => ({
      ...pick(endpoint, 'addresses'),
      conditions: pick(endpoint['conditions'], 'ready', 'terminating'),
      targetRef: pick(endpoint['targetRef'], 'kind', 'uid'),
    })),
  })),
  services: resource<Observed<Service>>(KINDS.Service, ({ metadata, spec }) => ({
    metadata: ownMetadata(metadata),
    spec: pick(spec, 'selector', 'clusterIP', 'ipFamilies', 'internalTrafficPolicy', 'type', 'ports'),
  })),
  statefulSets: resource<Observed<StatefulSet>>(KINDS.StatefulSet, keepWorkload),
  deployments: resource<Observed<Deployment>>(KINDS.Deployment, keepWorkload),
  policies: resource<Observed<LoadBalancingPolicy>>(KINDS.LoadBalancingPolicy, keepWhole),
  virtualServices: resource<Observed<VirtualService>>(KINDS.VirtualService, keepWhole),
  destinationRules: resource<Observed<DestinationRule>>(KINDS.DestinationRule, keepWhole),
} as const;

function resource<T>(kind: Kind, keep: Resource<T>['keep'], fieldSelector?: string): Resource<T> {
  return {
    kind: kind.kind,
    apiVersion: kind.apiVersion,
    path: listPath(kind),
    // The API server sets uid, resourceVersion and the like itself: the schemas need not ask for them.
    read: readerOf<T>(kind),
    keep,
    ...(fieldSelector !== undefined && { fieldSelector }),
  };
}

function keepPod({ metadata, spec, status }: Json): Json {
  const sidecars = each(at(spec, 'initContainers'), (container) => container).filter(
    (container) => container['restartPolicy'] === 'Always',
  );
  return {
    metadata: pick(metadata, 'name', 'namespace', 'uid', 'labels', 'deletionTimestamp'),
    spec: {
      ...pick(spec, 'nodeName'),
      ...(at(spec, 'resources') !== undefined && { resources: keepResources(at(spec, 'resources')) }),
      containers: each(at(spec, 'containers'), keepContainer),
      ...(sidecars.length > 0 && { initContainers: sidecars.map(keepContainer) }),
    },
    status: {
      ...pick(status, 'phase', 'podIP', 'podIPs'),
      conditions: each(at(status, 'conditions'), (condition) =>
        pick(condition, 'type', 'status', 'lastTransitionTime'),
      ).filter((condition) => condition['type'] === 'Ready'),
    },
  };
}

function keepContainer(container: Json): Json {
  const { name, restartPolicy, ports, resources } = container;
  const named = each(ports, (port) => pick(port, 'name', 'containerPort', 'protocol')).filter((port) => 'name' in port);
  return {
    name,
    ...(restartPolicy !== undefined && { restartPolicy }),
    ...(named.length > 0 && { ports: named }),
    ...(resources !== undefined && { resources: keepResources(resources) }),
  };
}

function keepResources(resources: unknown): Json {
  return { limits: pick(at(resources, 'limits'), 'cpu'), requests: pick(at(resources, 'requests'), 'cpu') };
}

function keepWorkload({ metadata, spec }: Json): Json {
  const labels = at(at(at(spec, 'template'), 'metadata'), 'labels');
  return {
    metadata: ownMetadata(metadata),
    spec: {
      ...pick(spec, 'serviceName', 'replicas', 'ordinals'),
      template: { metadata: { ...(labels !== undefined && { labels }) } },
    },
  };
}

function keepWhole({ metadata, spec, status }: Json): Json {
  return { metadata: ownMetadata(metadata), spec, ...(status !== undefined && { status }) };
}

function ownMetadata(metadata: unknown): Json {
  const own = each(at(metadata, 'managedFields'), (entry) =>
    pick(entry, 'manager', 'operation', 'subresource', 'fieldsV1'),
  ).filter((entry) => entry['manager'] === FIELD_MANAGER);
  return {
    ...pick(
      metadata,
      ...(['name', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp'] as const),
      ...(['deletionTimestamp', 'labels', 'finalizers', 'ownerReferences'] as const),
    ),
    ...(own.length > 0 && { managedFields: own }),
  };
}

function at(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Json)[field] : undefined;
}

/** The fields of an object that are there. What is no object has none. */
function pick(value: unknown, ...fields: readonly string[]): Json {
  return Object.fromEntries(
    fields.map((field) => [field, at(value, field)] as const).filter(([, held]) => held !== undefined && held !== null),
  );
}

function each<T>(value: unknown, map: (item: Json) => T): T[] {
  return Array.isArray(value)
    ? value.map((item) => map(typeof item === 'object' && item !== null ? (item as Json) : {}))
    : [];
}
