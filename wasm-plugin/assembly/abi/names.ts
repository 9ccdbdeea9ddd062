/** Names on the wire. Those that `contract/names.ts` has, too, are equal; a test checks it. */

export const ENDPOINT_HEADER = String.UTF8.encode('x-lb-endpt');
export const SESSION_HEADER = String.UTF8.encode('x-lb-session');
export const LOAD_HEADER = String.UTF8.encode('x-lb-load');
export const UNREACHED_HEADER = String.UTF8.encode('x-lb-unreached');
export const AGENT_CLUSTER = String.UTF8.encode('outbound|15080||ballast-agent.ballast-agents.svc.cluster.local');

/** Envoy's router reads a replica's ORCA load report from it. */
export const ORCA_HEADER = String.UTF8.encode('endpoint-load-metrics');
export const STATUS_HEADER = String.UTF8.encode(':status');

/** With value 14 an Envoy retries if its policy has `unavailable`, as Istio's default has, even on plain HTTP. */
export const GRPC_STATUS_HEADER = String.UTF8.encode('grpc-status');

export const CLUSTER_NAME_PROPERTY = String.UTF8.encode('xds\0cluster_name');
export const NODE_ID_PROPERTY = String.UTF8.encode('xds\0node\0id');
export const RESPONSE_FLAGS_PROPERTY = String.UTF8.encode('response\0flags');

/** Prefixes of Istio's names for clusters: calls to others, and calls to the proxy's own application. */
export const OUTBOUND_PREFIX = String.UTF8.encode('outbound|');
export const INBOUND_PREFIX = String.UTF8.encode('inbound|');
