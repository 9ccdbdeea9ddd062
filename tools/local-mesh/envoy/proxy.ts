/** The proxy whose configuration is rendered: in a cluster, istiod knows this from node id and labels. */

export interface ProxyInput {
  readonly kind: 'sidecar' | 'gateway';
  readonly pod: string;
  readonly namespace: string;
  readonly ip: string;
  /** `ip:port` of the agent on the proxy's node. */
  readonly agentAddress: string;
  /** File of the plugin on this machine; stands for the URL of each WasmPlugin. */
  readonly pluginPath: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Port of Envoy's administration interface, as Istio has it. */
export const ADMIN_PORT = 15000;

/** Port on which an application hands its requests to its sidecar (in a cluster, iptables bring them here). */
export const OUTBOUND_PORT = 15001;

/** Port of every service of the local mesh, and of the endpoint that stands for the replica. */
export const SERVICE_PORT = 8080;

/** Port on which the application itself listens, behind its sidecar. A pod has no address of its own here. */
export const APPLICATION_PORT = 18080;

/** JSON of Envoy's API. Its fields are checked by Envoy itself (`--mode validate`), not by the type. */
export type EnvoyObject = { readonly [field: string]: unknown };

/** `@type` of an Envoy message. */
export function typeUrl(message: string): { readonly '@type': string } {
  return { '@type': `type.googleapis.com/${message}` };
}

/** Envoy's form of a Go duration (`250ms`, `1m`): seconds, at most nine decimals. */
export function envoyDuration(duration: string): string {
  const parts = /^(\d+(?:\.\d+)?)(h|m|s|ms)$/.exec(duration);
  const scale = { h: 3600, m: 60, s: 1, ms: 0.001 }[parts?.[2] ?? 's'] ?? 1;
  return `${Number((Number(parts?.[1] ?? 0) * scale).toFixed(9))}s`;
}

export function socketAddress(ip: string, port: number): EnvoyObject {
  return { socket_address: { address: ip, port_value: port } };
}
