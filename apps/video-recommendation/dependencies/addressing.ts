/** Addresses of services: in a mesh, by DNS, or on one machine. */
import { BallastError } from '../../../contract/errors.ts';
import { checkHostAndPort } from './host-and-port.ts';

/** Every Service of the application has this port, whatever its pods listen on. */
const SERVICE_PORT = 8080;
const DEFAULT_NAMESPACE = 'video-recommendation';

export interface Addressing {
  /** Namespace of this replica. */
  readonly namespace: string;
  /**
   * `ip:port` of the sidecar's outbound listener: every connection goes there, and the Host header names the service.
   */
  readonly meshOutbound?: string;
  /** `ip:port` by name of a service of this namespace, for running without mesh and DNS. */
  readonly addresses: Readonly<Record<string, string>>;
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
  const meshOutbound = env['MESH_OUTBOUND'];
  return {
    namespace: env['POD_NAMESPACE'] ?? DEFAULT_NAMESPACE,
    ...(meshOutbound && { meshOutbound }),
    addresses: readAddresses(env['SERVICE_ADDRESSES'] ?? '{}'),
    hosts,
  };
}

function readAddresses(text: string): Record<string, string> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    given = undefined;
  }
  const entries = typeof given === 'object' && given !== null ? Object.entries(given) : undefined;
  if (entries?.every((entry): entry is [string, string] => checkHostAndPort(String(entry[1])).ok)) {
    return Object.fromEntries(entries);
  }
  throw new BallastError('INVALID_FLAG', 'SERVICE_ADDRESSES is not JSON such as {"user-service":"127.0.0.1:8081"}');
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
