/** Kubernetes' own objects as far as Ballast reads them. Other fields are let through. */
import { Type, type Static } from 'typebox';
import type { PolicyReason } from '../../contract/policy-status.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import { Labels, Metadata } from './manifest.ts';

const Port = Type.Integer({ minimum: 1, maximum: 65_535 });

export const Node = Type.Object({ kind: Type.Literal('Node'), metadata: Metadata });
export type Node = Static<typeof Node>;

/** Quantities are read by `quantity()`: one that cannot be read must not cost the whole pod. */
const Cpu = Type.Object({ cpu: Type.Optional(Type.Unknown()) });
const Resources = Type.Object({ limits: Type.Optional(Cpu), requests: Type.Optional(Cpu) });
const Container = Type.Object({
  name: Type.Optional(Type.String()),
  restartPolicy: Type.Optional(Type.String()),
  ports: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.Optional(Type.String()),
        containerPort: Port,
        protocol: Type.Optional(Type.String()),
      }),
    ),
  ),
  resources: Type.Optional(Resources),
});
export type Container = Static<typeof Container>;

export const Pod = Type.Object({
  kind: Type.Literal('Pod'),
  metadata: Metadata,
  spec: Type.Object({
    nodeName: Type.Optional(Type.String()),
    containers: Type.Optional(Type.Array(Container)),
    initContainers: Type.Optional(Type.Array(Container)),
    resources: Type.Optional(Resources),
  }),
  status: Type.Optional(
    Type.Object({
      phase: Type.Optional(Type.String()),
      podIP: Type.Optional(Type.String()),
      podIPs: Type.Optional(Type.Array(Type.Object({ ip: Type.String() }))),
      conditions: Type.Optional(
        Type.Array(
          Type.Object({
            type: Type.String(),
            status: Type.String(),
            lastTransitionTime: Type.Optional(Type.Union([Type.String(), Type.Null()])),
          }),
        ),
      ),
    }),
  ),
});
export type Pod = Static<typeof Pod>;

/** Containers that run beside each other, native sidecars last, each with its field. */
export function runningContainers({ spec }: Pod): { readonly container: Container; readonly path: string }[] {
  const listed = (field: 'containers' | 'initContainers') =>
    (spec[field] ?? []).map((container, index) => ({ container, path: `spec.${field}[${index}]` }));
  const sidecars = listed('initContainers').filter(({ container }) => container.restartPolicy === 'Always');
  return [...listed('containers'), ...sidecars];
}

const ServicePort = Type.Object({
  name: Type.Optional(Type.String()),
  appProtocol: Type.Optional(Type.String()),
  port: Port,
  targetPort: Type.Optional(Type.Union([Port, Type.String({ minLength: 1 })])),
  protocol: Type.Optional(Type.String()),
});
export type ServicePort = Static<typeof ServicePort>;

export const IpFamily = Type.Union([Type.Literal('IPv4'), Type.Literal('IPv6')]);
export type IpFamily = Static<typeof IpFamily>;

export const Service = Type.Object({
  kind: Type.Literal('Service'),
  metadata: Metadata,
  spec: Type.Object({
    selector: Type.Optional(Labels),
    type: Type.Optional(Type.String()),
    clusterIP: Type.Optional(Type.String()),
    ipFamilies: Type.Optional(Type.Array(IpFamily)),
    internalTrafficPolicy: Type.Optional(Type.String()),
    ports: Type.Optional(Type.Array(ServicePort)),
  }),
});
export type Service = Static<typeof Service>;

export const StatefulSet = Type.Object({
  kind: Type.Literal('StatefulSet'),
  metadata: Metadata,
  spec: Type.Object({
    serviceName: Type.Optional(Type.String()),
    replicas: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
    ordinals: Type.Optional(Type.Object({ start: Type.Optional(Type.Integer({ minimum: 0 })) })),
    template: Type.Optional(Type.Object({ metadata: Type.Optional(Type.Object({ labels: Type.Optional(Labels) })) })),
  }),
});
export type StatefulSet = Static<typeof StatefulSet>;

export const Deployment = Type.Object({
  kind: Type.Literal('Deployment'),
  metadata: Metadata,
  spec: Type.Object({
    replicas: Type.Optional(Type.Integer({ minimum: 0 })),
    template: Type.Optional(Type.Object({ metadata: Type.Optional(Type.Object({ labels: Type.Optional(Labels) })) })),
  }),
});
export type Deployment = Static<typeof Deployment>;

/** Label of an EndpointSlice: the Service that it belongs to. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** Addresses and readiness of a Service's pods, as proxies are told. A pod of two families is in two slices. */
export const EndpointSlice = Type.Object({
  kind: Type.Literal('EndpointSlice'),
  metadata: Metadata,
  addressType: Type.Optional(Type.String()),
  ports: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.Optional(Type.String()),
        port: Type.Optional(Port),
        protocol: Type.Optional(Type.String()),
      }),
    ),
  ),
  endpoints: Type.Optional(
    Type.Array(
      Type.Object({
        addresses: Type.Optional(Type.Array(Type.String())),
        conditions: Type.Optional(
          Type.Object({ ready: Type.Optional(Type.Boolean()), terminating: Type.Optional(Type.Boolean()) }),
        ),
        targetRef: Type.Optional(
          Type.Object({ kind: Type.Optional(Type.String()), uid: Type.Optional(Type.String()) }),
        ),
      }),
    ),
  ),
});
export type EndpointSlice = Static<typeof EndpointSlice>;

/** A fault in one object; `text` names the field. */
export interface ObjectProblem {
  readonly kind: string;
  /** `namespace/name`. */
  readonly name: string;
  readonly text: string;
  /** `namespace/name` of the policy that it concerns, if any. */
  readonly policy?: string;
  /** Why the policy is not accepted; absent where the problem costs only a part of it. */
  readonly reason?: PolicyReason;
}

/** Everything that a topology is joined from. */
export interface ClusterObjects {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly statefulSets: readonly StatefulSet[];
  /** Of two that name one service, the first has it. */
  readonly policies: readonly LoadBalancingPolicy[];
  readonly deployments?: readonly Deployment[];
  /** Absent where nobody makes them, as in files: then pods say which address and readiness they have. */
  readonly endpointSlices?: readonly EndpointSlice[];
}
