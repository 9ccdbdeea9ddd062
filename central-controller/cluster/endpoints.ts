/** Where each pod takes requests to a Service, and whether proxies may send them: from EndpointSlices, else pods. Pure. */
import { isIPv4, isIPv6 } from 'node:net';
import { hostPort } from '../../contract/host-port.ts';
import { qualifiedName } from '../../contract/names.ts';
import {
  type EndpointSlice,
  type IpFamily,
  type Pod,
  type Service,
  SERVICE_NAME_LABEL,
  type ServicePort,
} from '../kubernetes/objects.ts';
import { isTcp, targetPortOf } from '../kubernetes/target-port.ts';

/** `ip:port` of one pod behind each TCP port of a Service. */
export type Addresses = Readonly<Record<number, string>>;

export interface PodEndpoint {
  readonly addresses: Addresses;
  /** Proxies may send requests to it. */
  readonly ready: boolean;
}

/** The slices of each Service, by its `namespace/name`. */
export type SlicesByService = ReadonlyMap<string, readonly EndpointSlice[]>;

export function slicesByService(slices: readonly EndpointSlice[]): SlicesByService {
  return Map.groupBy(slices, ({ metadata }) =>
    qualifiedName({ ...metadata, name: metadata.labels?.[SERVICE_NAME_LABEL] ?? '' }),
  );
}

/** The endpoints of one Service, by uid of the pod. A pod that is in no slice has none. */
export function endpointsFromSlices(
  service: Service,
  slices: readonly EndpointSlice[],
): ReadonlyMap<string, PodEndpoint> {
  const ports = tcpPorts(service);
  const endpoints = new Map<string, PodEndpoint>();
  for (const slice of ofFamily(slices, familyOf(service))) {
    for (const { addresses: [ip] = [], conditions = {}, targetRef } of slice.endpoints ?? []) {
      if (targetRef?.uid === undefined) continue;
      const known = endpoints.get(targetRef.uid);
      endpoints.set(targetRef.uid, {
        addresses: { ...known?.addresses, ...(ip !== undefined && sliceAddresses(ip, ports, slice)) },
        // Absent means ready.
        ready: known?.ready === true || (conditions.ready !== false && !conditions.terminating),
      });
    }
  }
  return endpoints;
}

/** Its addresses as the pod's own fields say. A port that it does not have is left out. */
export function addressesOfPod(service: Service, pod: Pod): Addresses {
  const ip = podAddress(service, pod);
  if (ip === undefined) return {};
  return Object.fromEntries(
    tcpPorts(service).flatMap((port) => {
      const target = targetPortOf(port, pod);
      return target === undefined ? [] : [[port.port, hostPort(ip, target)]];
    }),
  );
}

export function tcpPorts({ spec }: Service): ServicePort[] {
  return (spec.ports ?? []).filter(isTcp);
}

function sliceAddresses(ip: string, ports: readonly ServicePort[], slice: EndpointSlice): Addresses {
  return Object.fromEntries(
    ports.flatMap(({ port, name = '' }) => {
      const target = slice.ports?.find((candidate) => isTcp(candidate) && (candidate.name ?? '') === name)?.port;
      return target === undefined ? [] : [[port, hostPort(ip, target)]];
    }),
  );
}

/** The family of the Service's own address, which proxies send to. Undefined: it says nothing of it. */
function familyOf({ spec: { ipFamilies, clusterIP = '' } }: Service): IpFamily | undefined {
  if (ipFamilies?.[0] !== undefined) return ipFamilies[0];
  if (isIPv4(clusterIP)) return 'IPv4';
  return isIPv6(clusterIP) ? 'IPv6' : undefined;
}

/** Slices of the Service's family; of another one only where it has none. */
function ofFamily(slices: readonly EndpointSlice[], family: IpFamily = 'IPv4'): readonly EndpointSlice[] {
  const own = slices.filter(({ addressType = family }) => addressType === family);
  return own.length > 0 ? own : slices;
}

/** The pod's address of the Service's family. */
export function podAddress(service: Service, { status }: Pod): string | undefined {
  const family = familyOf(service);
  if (family === undefined) return status?.podIP;
  const ips = [...(status?.podIPs ?? []).map(({ ip }) => ip), ...(status?.podIP === undefined ? [] : [status.podIP])];
  return ips.find(family === 'IPv4' ? isIPv4 : isIPv6);
}
