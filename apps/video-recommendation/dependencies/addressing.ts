/** Addresses of services: in a mesh, by DNS, or on one machine. */
import { type ServiceAddresses, readServiceAddresses } from '../../service/addresses.ts';

/** Every Service of the application has this port, whatever its pods listen on. */
const SERVICE_PORT = 8080;
const DEFAULT_NAMESPACE = 'video-recommendation';

/** Every connection goes to the sidecar's outbound listener where there is one, and the Host header names the service. */
export interface Addressing extends ServiceAddresses {
  /** Namespace of this replica. */
  readonly namespace: string;
  /**
   * `host:port` by name of a service of this namespace, for a service of another name. In a mesh the Host header names it.
   */
  readonly hosts?: Readonly<Record<string, string>>;
}

export interface ServicePlace {
  /** `<service>.<namespace>` */
  readonly name: string;
  /** Value of the Host header. */
  readonly host: string;
  /** `host:port` to connect to. */
  readonly address: string;
}

/** @throws BallastError INVALID_FLAG */
export function readAddressing(env: NodeJS.ProcessEnv, hosts: Readonly<Record<string, string>>): Addressing {
  return { ...readServiceAddresses(env), namespace: env['POD_NAMESPACE'] ?? DEFAULT_NAMESPACE, hosts };
}

/** `service` and `namespace` are DNS labels. A client chooses nothing else of the address. */
export function placeOf(service: string, namespace: string, addressing: Addressing): ServicePlace {
  const { addresses, hosts } = addressing;
  const isHere = namespace === addressing.namespace;
  const otherHost = isHere ? hosts?.[service] : undefined;
  const host = otherHost ?? `${service}.${namespace}.svc.cluster.local:${SERVICE_PORT}`;
  const given = isHere && otherHost === undefined ? addresses[service] : undefined;
  return { name: `${service}.${namespace}`, host, address: addressing.meshOutbound ?? given ?? host };
}
