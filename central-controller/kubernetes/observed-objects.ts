/** Objects of a real cluster, without the fields that nobody here reads. */
import type { Static } from 'typebox';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import type { DestinationRule, VirtualService } from './istio.ts';
import type { Metadata } from './manifest.ts';
import type { ClusterObjects, Deployment, EndpointSlice, Service, StatefulSet } from './objects.ts';

/** The API server sets these fields itself. Annotations are left out: they may be large, and nobody reads them. */
export type ObservedMetadata = Static<typeof Metadata> & {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
  }[];
  /** Only the entries of our own field manager. */
  readonly managedFields?: readonly {
    readonly manager: string;
    readonly operation: string;
    readonly subresource?: string;
    readonly fieldsV1?: unknown;
  }[];
};

/** The API server notes under this name which fields the controller has written. */
export const FIELD_MANAGER = 'ballast-controller';

/** An object that came from the API server: it has a uid and a version. */
export type Observed<T> = T & { readonly apiVersion: string; readonly metadata: ObservedMetadata };

export interface ObservedObjects extends ClusterObjects {
  readonly services: readonly Observed<Service>[];
  readonly statefulSets: readonly Observed<StatefulSet>[];
  readonly policies: readonly Observed<LoadBalancingPolicy>[];
  readonly deployments: readonly Observed<Deployment>[];
  readonly endpointSlices: readonly EndpointSlice[];
  /** Undefined while the cluster knows no such kind: Istio is not installed (yet). */
  readonly virtualServices: readonly Observed<VirtualService>[] | undefined;
  readonly destinationRules: readonly Observed<DestinationRule>[] | undefined;
}
