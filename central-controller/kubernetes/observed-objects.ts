/**
 * What is seen of a real cluster: the objects that a topology is joined from, and those that routing is written to.
 * Plain JSON as the API server gives it, less the fields that nobody here reads.
 */
import { Type, type Static } from 'typebox';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import type { ClusterObjects, Deployment, EndpointSlice, Service, StatefulSet } from './objects.ts';

const Labels = Type.Record(Type.String(), Type.String());

/** Metadata of every object that is kept whole. Annotations are left out: they may be large, and nobody reads them. */
const ObservedMetadata = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 253 }),
  namespace: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
  uid: Type.String({ minLength: 1, maxLength: 253 }),
  resourceVersion: Type.String(),
  generation: Type.Optional(Type.Integer()),
  creationTimestamp: Type.Optional(Type.String()),
  deletionTimestamp: Type.Optional(Type.String()),
  labels: Type.Optional(Labels),
  finalizers: Type.Optional(Type.Array(Type.String())),
  ownerReferences: Type.Optional(
    Type.Array(
      Type.Object({ apiVersion: Type.String(), kind: Type.String(), name: Type.String(), uid: Type.String() }),
    ),
  ),
  /** Only the entries of our own field manager: what this controller has written into the object. */
  managedFields: Type.Optional(
    Type.Array(
      Type.Object({
        manager: Type.String(),
        operation: Type.String(),
        subresource: Type.Optional(Type.String()),
        fieldsV1: Type.Optional(Type.Unknown()),
      }),
    ),
  ),
});
export type ObservedMetadata = Static<typeof ObservedMetadata>;

/** Under this name the API server notes what this controller has written. */
export const FIELD_MANAGER = 'ballast-controller';

export const ISTIO_API_VERSION = 'networking.istio.io/v1';

/** Checked only as far as it is needed to find it; what is inside is Istio's business and the reader's. */
export const VirtualService = Type.Object({
  apiVersion: Type.Literal(ISTIO_API_VERSION),
  kind: Type.Literal('VirtualService'),
  metadata: ObservedMetadata,
  spec: Type.Object({
    hosts: Type.Optional(Type.Array(Type.String())),
    gateways: Type.Optional(Type.Array(Type.String())),
    http: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()))),
  }),
});
export type ObservedVirtualService = Static<typeof VirtualService>;

export const DestinationRule = Type.Object({
  apiVersion: Type.Literal(ISTIO_API_VERSION),
  kind: Type.Literal('DestinationRule'),
  metadata: ObservedMetadata,
  spec: Type.Object({
    host: Type.String(),
    subsets: Type.Optional(Type.Array(Type.Object({ name: Type.String(), labels: Type.Optional(Labels) }))),
  }),
});
export type ObservedDestinationRule = Static<typeof DestinationRule>;

/** An object that came from the API server: it has a uid and a version. */
export type Observed<T> = T & { readonly apiVersion: string; readonly metadata: ObservedMetadata };

export interface ObservedObjects extends ClusterObjects {
  readonly services: readonly Observed<Service>[];
  readonly statefulSets: readonly Observed<StatefulSet>[];
  readonly policies: readonly Observed<LoadBalancingPolicy>[];
  readonly deployments: readonly Observed<Deployment>[];
  readonly endpointSlices: readonly EndpointSlice[];
  /** Undefined while the cluster knows no such kind: Istio is not installed (yet). */
  readonly virtualServices: readonly ObservedVirtualService[] | undefined;
  readonly destinationRules: readonly ObservedDestinationRule[] | undefined;
}
