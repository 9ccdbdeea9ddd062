/** The one table of the kinds that Ballast reads or writes. */
import { Type, type TSchema } from 'typebox';
import { LoadBalancingPolicy, POLICY_API_VERSION, POLICY_KIND, POLICY_PLURAL } from '../../contract/policy.ts';
import { DestinationRule, ISTIO_API_VERSION, VirtualService } from './istio.ts';
import type { Kind } from './manifest.ts';
import { type ObjectReader, objectReader } from './read-object.ts';
import { Deployment, EndpointSlice, Node, Pod, Service, StatefulSet } from './objects.ts';

function kind<Schema extends TSchema>(name: string, apiVersion: string, plural: string, schema: Schema): Kind<Schema> {
  return { kind: name, apiVersion, plural, schema };
}

export const KINDS = {
  Node: kind('Node', 'v1', 'nodes', Node),
  Pod: kind('Pod', 'v1', 'pods', Pod),
  Service: kind('Service', 'v1', 'services', Service),
  EndpointSlice: kind('EndpointSlice', 'discovery.k8s.io/v1', 'endpointslices', EndpointSlice),
  StatefulSet: kind('StatefulSet', 'apps/v1', 'statefulsets', StatefulSet),
  Deployment: kind('Deployment', 'apps/v1', 'deployments', Deployment),
  LoadBalancingPolicy: kind(POLICY_KIND, POLICY_API_VERSION, POLICY_PLURAL, LoadBalancingPolicy),
  VirtualService: kind('VirtualService', ISTIO_API_VERSION, 'virtualservices', VirtualService),
  DestinationRule: kind('DestinationRule', ISTIO_API_VERSION, 'destinationrules', DestinationRule),
  Event: kind('Event', 'v1', 'events', Type.Unknown()),
  Lease: kind('Lease', 'coordination.k8s.io/v1', 'leases', Type.Unknown()),
} as const;

/** A policy is read strictly: where a field of it does not fit, its default would be something else than the user wrote. */
export function readerOf<T>(of: Kind): ObjectReader<T> {
  return objectReader<T>(of.schema, of === KINDS.LoadBalancingPolicy);
}

/** Path of all objects of one kind, in one namespace or in all. */
export function listPath({ apiVersion, plural }: Omit<Kind, 'kind' | 'schema'>, namespace?: string): string {
  const api = `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}`;
  return namespace === undefined ? `${api}/${plural}` : `${api}/namespaces/${namespace}/${plural}`;
}

/** Path of one namespaced object. */
export function objectPath(
  kindOf: Omit<Kind, 'kind' | 'schema'>,
  { namespace = 'default', name }: { readonly namespace?: string; readonly name: string },
): string {
  return `${listPath(kindOf, namespace)}/${encodeURIComponent(name)}`;
}
