/**
 * Names that more than one process must agree on: headers, ports, the form of a key.
 * The AssemblyScript side repeats the headers in `wasm-plugin/assembly/abi/names.ts`; a test holds the two equal.
 */

import { BallastError } from './errors.ts';

/** Request header that names the chosen replica (its pod name). Istio's subset routes match on it. */
export const ENDPOINT_HEADER = 'x-lb-endpt';

/** Request and response header of Endpoint routing: base64 of `ip:port`, read by Envoy's stateful session filter. */
export const SESSION_HEADER = 'x-lb-session';

/**
 * Response header from the replica's own sidecar to the caller's plugin, removed there:
 * `<requests in flight>;<smoothed latency, microseconds>[;<CPU utilisation, thousandths>]`, decimal integers.
 */
export const LOAD_HEADER = 'x-lb-load';

/**
 * Response header set by the replica's own sidecar to `1` when the application never saw the request,
 * so that the caller's Envoy may try another replica without risk. Removed before the application sees it.
 */
export const UNREACHED_HEADER = 'x-lb-unreached';

/** TCP port of the controller: REST for people, reports from agents, the page. */
export const CONTROLLER_PORT = 15070;

/** TCP port on which an agent serves the proxies of its node. */
export const AGENT_PORT = 15080;

/** Domain of host names in a cluster, unless it was set up with another. */
export const DEFAULT_CLUSTER_DOMAIN = 'cluster.local';

/** Envoy's cluster of the node-local agent; a plugin calls it unless its configuration names another. */
export const AGENT_CLUSTER = `outbound|${AGENT_PORT}||${serviceHost('ballast-agents', 'ballast-agent')}`;

/** DNS name of a Service inside the mesh. */
export function serviceHost(namespace: string, name: string, clusterDomain = DEFAULT_CLUSTER_DOMAIN): string {
  return `${name}.${namespace}.svc.${clusterDomain}`;
}

/**
 * Key under which a proxy finds a service's replicas: `<service port>|<host>`. It is what Istio's cluster name
 * `outbound|<port>|<subset>|<host>` holds besides the direction and the subset.
 */
export function proxyKey(port: number, host: string): string {
  return `${port}|${host}`;
}

/** The Service of a proxy key; parts that its host does not have are empty. */
export function serviceOfKey(key: string): { readonly namespace: string; readonly name: string } {
  const [name = '', namespace = ''] = key.slice(key.indexOf('|') + 1).split('.');
  return { namespace, name };
}

/**
 * The value of `--cluster-domain`. Istio writes hosts in lower case without a final dot; any other form would match nothing.
 * @throws BallastError INVALID_FLAG
 */
export function parseClusterDomain(text: string): string {
  const isName = text.split('.').every((label) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(label));
  if (!isName || text.length > 253) {
    throw new BallastError(
      'INVALID_FLAG',
      `--cluster-domain: ${text} is not a DNS name in lower case, such as ${DEFAULT_CLUSTER_DOMAIN}`,
    );
  }
  return text;
}

/** What has a name in a namespace: an object's metadata, a service of a decision, a replica. */
interface Named {
  readonly namespace?: string;
  readonly name: string;
}

/** Name of an object among all of its kind: `<namespace>/<name>`. Kubernetes' namespace `default` where it has none. */
export function qualifiedName({ namespace = 'default', name }: Named): string {
  return `${namespace}/${name}`;
}

/** The parts of a qualified name. */
export function splitQualifiedName(text: string): { readonly namespace: string; readonly name: string } {
  const slash = text.indexOf('/');
  return { namespace: text.slice(0, Math.max(0, slash)), name: text.slice(slash + 1) };
}
