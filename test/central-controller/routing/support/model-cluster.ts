/** A cluster in memory that takes routing writes as an API server would, one StatefulSet and Service `shop/cart`. */
import { SESSION_LABEL } from '../../../../central-controller/routing/istio-names.ts';
import type { Mode, Topology } from '../../../../central-controller/model/topology.ts';
import { joinTopology } from '../../../../central-controller/cluster/join.ts';
import type { DestinationRule, VirtualService } from '../../../../central-controller/kubernetes/istio.ts';
import {
  FIELD_MANAGER,
  type Observed,
  type ObservedObjects,
} from '../../../../central-controller/kubernetes/observed-objects.ts';
import { describeManifest, type Manifest } from '../../../../central-controller/kubernetes/manifest.ts';
import type { Write } from '../../../../central-controller/routing/plan-service.ts';
import type { Routing } from '../../../../contract/assignment.ts';

export interface ModelState {
  mode: Mode;
  routing: Routing;
  /** `spec.replicas` of the StatefulSet. */
  replicas: number;
  ordinalsStart: number;
  /** Ordinals of the pods that are there. */
  pods: readonly number[];
  hasPolicy: boolean;
}

export class ModelCluster {
  state: ModelState = {
    mode: 'Enforce',
    routing: 'Subset',
    replicas: 3,
    ordinalsStart: 0,
    pods: [0, 1, 2],
    hasPolicy: true,
  };
  /** Labels of the Service that its user set. */
  userLabels: Record<string, string> = {};
  knowsIstio = true;
  isHeadless = false;
  clusterDomain: string | undefined;
  /** Ports of the Service. */
  ports: readonly { readonly name: string; readonly port: number }[] = [{ name: 'http', port: 80 }];
  readonly #istio = new Map<string, Manifest>();
  #ownLabel: string | undefined;
  #version = 0;

  /** What was written so far, as `<verb> <kind> <name>`. */
  readonly log: string[] = [];

  add(object: Manifest): void {
    this.#istio.set(describeManifest(object), this.#stored(object));
  }

  remove(name: string): void {
    this.#istio.delete(name);
  }

  get(name: string): Manifest | undefined {
    return this.#istio.get(name);
  }

  /** What Kubernetes' garbage collection is to remove: objects of an owner that is gone. */
  garbage(): string[] {
    const isOwned = ({ metadata }: Manifest) => 'ownerReferences' in metadata && metadata.ownerReferences !== undefined;
    return this.state.hasPolicy ? [] : [...this.#istio].filter(([, object]) => isOwned(object)).map(([name]) => name);
  }

  get label(): string | undefined {
    return this.#ownLabel ?? this.userLabels[SESSION_LABEL];
  }

  write(step: Write): void {
    const name = describeManifest(step.object);
    this.log.push(`${step.verb} ${name}`);
    if (step.verb === 'delete') this.#istio.delete(name);
    else if (step.object.kind === 'Service') this.#ownLabel = step.object.metadata.labels?.[SESSION_LABEL];
    else this.#istio.set(name, this.#stored(step.object));
  }

  objects(): ObservedObjects {
    const { mode, routing, replicas, ordinalsStart, pods, hasPolicy } = this.state;
    const kind = (name: string) => [...this.#istio.values()].filter((object) => object.kind === name);
    const labels = { ...this.userLabels, ...(this.#ownLabel !== undefined && { [SESSION_LABEL]: this.#ownLabel }) };
    const managedFields = [
      {
        manager: FIELD_MANAGER,
        operation: 'Apply',
        fieldsV1: { 'f:metadata': { 'f:labels': { [`f:${SESSION_LABEL}`]: {} } } },
      },
    ];
    const common = { namespace: 'shop', uid: 'uid', resourceVersion: String(this.#version) };
    return {
      nodes: [{ kind: 'Node', metadata: { name: 'node' } }],
      pods: pods.map((ordinal) => ({
        kind: 'Pod',
        metadata: {
          name: `cart-${ordinal}`,
          namespace: 'shop',
          uid: `pod-${ordinal}`,
          labels: { app: 'cart', 'statefulset.kubernetes.io/pod-name': `cart-${ordinal}` },
        },
        spec: { nodeName: 'node' },
        status: { phase: 'Running', podIP: `10.0.0.${ordinal + 1}` },
      })),
      services: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { ...common, name: 'cart', labels, ...(this.#ownLabel !== undefined && { managedFields }) },
          spec: { selector: { app: 'cart' }, ports: [...this.ports], ...(this.isHeadless && { clusterIP: 'None' }) },
        },
      ],
      statefulSets: [
        {
          apiVersion: 'apps/v1',
          kind: 'StatefulSet',
          metadata: { ...common, name: 'cart' },
          spec: {
            serviceName: 'cart',
            replicas,
            ordinals: { start: ordinalsStart },
            template: { metadata: { labels: { app: 'cart' } } },
          },
        },
      ],
      policies: hasPolicy
        ? [
            {
              apiVersion: 'ballast.dev/v1alpha1',
              kind: 'LoadBalancingPolicy',
              metadata: { ...common, name: 'cart', uid: 'policy' },
              spec: { targetRef: { kind: 'StatefulSet', name: 'cart' }, mode, routing },
            },
          ]
        : [],
      deployments: [],
      endpointSlices: [
        {
          kind: 'EndpointSlice',
          metadata: { name: 'cart', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'cart' } },
          endpoints: pods.map((ordinal) => ({
            conditions: { ready: true },
            targetRef: { kind: 'Pod', uid: `pod-${ordinal}` },
          })),
        },
      ],
      virtualServices: this.knowsIstio ? (kind('VirtualService') as Observed<VirtualService>[]) : undefined,
      destinationRules: this.knowsIstio ? (kind('DestinationRule') as Observed<DestinationRule>[]) : undefined,
    };
  }

  topology(): Topology {
    return { ...joinTopology(this.objects(), new Map()).topology, clusterDomain: this.clusterDomain };
  }

  #stored(object: Manifest): Manifest {
    this.#version += 1;
    const { uid = `${object.kind}-${object.metadata.name}` } = object.metadata as { uid?: string };
    return structuredClone({
      ...object,
      metadata: { ...object.metadata, uid, resourceVersion: String(this.#version) },
    });
  }
}
