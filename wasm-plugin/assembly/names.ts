/** Names on the wire, the same as in `contract/names.ts` where they are there too. */

export const ENDPOINT_HEADER = String.UTF8.encode('x-lb-endpt');
export const SESSION_HEADER = String.UTF8.encode('x-lb-session');
export const LOAD_HEADER = String.UTF8.encode('x-lb-load');
export const UNREACHED_HEADER = String.UTF8.encode('x-lb-unreached');
export const AGENT_CLUSTER = String.UTF8.encode('outbound|15080||ballast-agent.ballast-agents.svc.cluster.local');

export const STATUS_HEADER = String.UTF8.encode(':status');

/** On a response without gRPC, too, the value 14 makes an Envoy retry whose policy has `unavailable`, as Istio's has. */
export const GRPC_STATUS_HEADER = String.UTF8.encode('grpc-status');

export const CLUSTER_NAME_PROPERTY = String.UTF8.encode('xds\0cluster_name');
export const NODE_ID_PROPERTY = String.UTF8.encode('xds\0node\0id');
export const RESPONSE_FLAGS_PROPERTY = String.UTF8.encode('response\0flags');

/** How Istio begins the names of clusters for calls out and for the proxy's own application. */
export const OUTBOUND_PREFIX = String.UTF8.encode('outbound|');
export const INBOUND_PREFIX = String.UTF8.encode('inbound|');
