/** Kubernetes' own objects as far as Ballast reads them. Other fields are let through. */
import { Type, type Static } from 'typebox';
import type { PolicyReason } from '../../contract/policy-status.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import { Labels, Metadata } from './manifest.ts';

const Quantity = Type.Union([Type.String({ pattern: '^[0-9]+(\\.[0-9]+)?[numk]?$' }), Type.Number({ minimum: 0 })]);
const Port = Type.Integer({ minimum: 1, maximum: 65_535 });

export const Node = Type.Object({ kind: Type.Literal('Node'), metadata: Metadata });
export type Node = Static<typeof Node>;

const Cpu = Type.Object({ cpu: Type.Optional(Quantity) });
const Container = Type.Object({
  name: Type.String(),
  restartPolicy: Type.Optional(Type.String()),
  ports: Type.Optional(Type.Array(Type.Object({ name: Type.Optional(Type.String()), containerPort: Port }))),
  resources: Type.Optional(Type.Object({ limits: Type.Optional(Cpu), requests: Type.Optional(Cpu) })),
});
export type Container = Static<typeof Container>;

export const Pod = Type.Object({
  kind: Type.Literal('Pod'),
  metadata: Metadata,
  spec: Type.Object({
    nodeName: Type.Optional(Type.String()),
    containers: Type.Optional(Type.Array(Container)),
    initContainers: Type.Optional(Type.Array(Container)),
  }),
  status: Type.Optional(
    Type.Object({
      phase: Type.Optional(Type.String()),
      podIP: Type.Optional(Type.String()),
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

export const Service = Type.Object({
  kind: Type.Literal('Service'),
  metadata: Metadata,
  spec: Type.Object({
    selector: Type.Optional(Labels),
    clusterIP: Type.Optional(Type.String()),
    ports: Type.Optional(
      Type.Array(
        Type.Object({
          name: Type.Optional(Type.String()),
          appProtocol: Type.Optional(Type.String()),
          port: Port,
          targetPort: Type.Optional(Type.Union([Port, Type.String({ minLength: 1 })])),
          protocol: Type.Optional(Type.String()),
        }),
      ),
    ),
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

/** What Kubernetes tells proxies of a Service's pods. */
export const EndpointSlice = Type.Object({
  kind: Type.Literal('EndpointSlice'),
  metadata: Metadata,
  endpoints: Type.Optional(
    Type.Array(
      Type.Object({
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
  /** `namespace/name` of the policy that it concerns; absent when it was found without looking at one. */
  readonly policy?: string;
  /** What the policy's status says of it; absent where the policy can be balanced nevertheless. */
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
  /** Absent where nobody makes them: then a pod's own Ready condition is all there is. */
  readonly endpointSlices?: readonly EndpointSlice[];
}
