/** The mesh as its manifests describe it, in the form in which Envoy's configuration is rendered from it. */
import type { TSchema, Static } from 'typebox';
import { KINDS } from '../../../central-controller/kubernetes/kinds.ts';
import {
  type Kind,
  type Manifest,
  namespaceOf,
  selectKind,
  selects,
} from '../../../central-controller/kubernetes/manifest.ts';
import { podAddress } from '../../../central-controller/cluster/endpoints.ts';
import type { Pod, Service, ServicePort } from '../../../central-controller/kubernetes/objects.ts';
import { targetPortOf } from '../../../central-controller/kubernetes/target-port.ts';
import { BallastError } from '../../../contract/errors.ts';
import { qualifiedName, serviceHost } from '../../../contract/names.ts';
import {
  type RenderedDestinationRule,
  RENDERED_DESTINATION_RULE,
  type Gateway,
  GATEWAY,
  type RenderedVirtualService,
  RENDERED_VIRTUAL_SERVICE,
  type WasmPlugin,
  WASM_PLUGIN,
} from './rendered-kinds.ts';

export interface MeshEndpoint {
  readonly pod: string;
  readonly ip: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** One port of one Service. */
export interface MeshService {
  readonly name: string;
  readonly namespace: string;
  readonly host: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly selector: Readonly<Record<string, string>>;
  /** Where the endpoints listen; the Service's own port, where it names the target. */
  readonly targetPort: number;
  /** The Service's own address, where it has one. */
  readonly virtualIp?: string;
  /** Ready replicas, in the order of their names. */
  readonly endpoints: readonly MeshEndpoint[];
}

export interface MeshObjects {
  /** Ordered by host, then port. */
  readonly services: readonly MeshService[];
  readonly virtualServices: readonly RenderedVirtualService[];
  readonly destinationRules: readonly RenderedDestinationRule[];
  readonly gateways: readonly Gateway[];
  readonly plugins: readonly WasmPlugin[];
}

function take<Schema extends TSchema>(manifests: readonly Manifest[], kind: Kind<Schema>): readonly Static<Schema>[] {
  const read = selectKind(manifests, kind);
  if (!read.ok) throw new BallastError(read.failure.code, read.failure.message);
  return read.value;
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

function endpointsOf(service: Service, port: ServicePort, pods: readonly Pod[]): MeshEndpoint[] {
  const endpoints: MeshEndpoint[] = [];
  for (const pod of pods) {
    const labels = pod.metadata.labels ?? {};
    const ip = podAddress(service, pod);
    if (namespaceOf(pod) !== namespaceOf(service) || !selects(service.spec.selector, labels)) continue;
    const target = targetPortOf(port, pod);
    if (ip === undefined || target === undefined || !isReady(pod)) continue;
    endpoints.push({ pod: pod.metadata.name, ip, port: target, labels });
  }
  return endpoints.toSorted((a, b) => a.pod.localeCompare(b.pod, 'en', { numeric: true }));
}

function readServices(manifests: readonly Manifest[]): MeshService[] {
  const pods = take(manifests, KINDS.Pod);
  const services = take(manifests, KINDS.Service).flatMap((service) =>
    (service.spec.ports ?? []).map((port) => {
      const { name } = service.metadata;
      const namespace = namespaceOf(service);
      if (!(port.appProtocol ?? port.name ?? '').startsWith('http') || service.spec.clusterIP === 'None') {
        const what = `Service ${qualifiedName({ namespace, name })}: spec.ports: the local mesh carries HTTP`;
        throw new BallastError('INVALID_MANIFEST', `${what}: name port ${port.port} "http", and give it a cluster IP`);
      }
      return {
        name,
        namespace,
        host: serviceHost(namespace, name),
        port: port.port,
        labels: service.metadata.labels ?? {},
        selector: service.spec.selector ?? {},
        targetPort: typeof port.targetPort === 'number' ? port.targetPort : port.port,
        ...(service.spec.clusterIP === undefined ? {} : { virtualIp: service.spec.clusterIP }),
        endpoints: endpointsOf(service, port, pods),
      };
    }),
  );
  return services.toSorted((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : a.port - b.port));
}

/** @throws BallastError INVALID_MANIFEST, naming the object and the field that the local mesh cannot render */
export function readMeshObjects(manifests: readonly Manifest[]): MeshObjects {
  return {
    services: readServices(manifests),
    virtualServices: take(manifests, RENDERED_VIRTUAL_SERVICE),
    destinationRules: take(manifests, RENDERED_DESTINATION_RULE),
    gateways: take(manifests, GATEWAY),
    plugins: take(manifests, WASM_PLUGIN),
  };
}
