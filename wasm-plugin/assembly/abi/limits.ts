/** Bounds of the static memory. What does not fit is left to Istio's own balancing. */

/** Services that one proxy calls, balanced or not. */
export const MAX_SERVICES: i32 = 512;
/** Replicas of all services together, including those removed within the last 30 s. */
export const MAX_REPLICAS: i32 = 4096;
/** `<port>|<host>`: five digits, a bar and a DNS name. */
export const MAX_KEY_BYTES: i32 = 264;
/** A pod name is a DNS subdomain. */
export const MAX_NAME_BYTES: i32 = 253;
/** An IPv6 address with the name of a zone. */
export const MAX_ADDRESS_BYTES: i32 = 64;
/** base64 of `[ipv6]:port`. */
export const MAX_SESSION_BYTES: i32 = 64;
/** Concurrent streams of one VM. */
export const MAX_STREAMS: i32 = 16384;
/** Listeners and configurations that share one VM. */
export const MAX_ROOTS: i32 = 16;
export const MAX_CLUSTER_BYTES: i32 = 320;
export const MAX_NODE_ID_BYTES: i32 = 640;
/** Concurrently ejected replicas of one proxy. */
export const MAX_EJECTED: i32 = 256;
/** A table, and an answer of the agent. */
export const MAX_TABLE_BYTES: i32 = 2 << 20;
/** For all that Envoy hands over during one callback. The largest are an answer and a table together. */
export const SCRATCH_BYTES: i32 = 2 * MAX_TABLE_BYTES + 65536;
/** A message to the agent; it accepts no more. */
export const MAX_MESSAGE_BYTES: i32 = 1 << 20;
