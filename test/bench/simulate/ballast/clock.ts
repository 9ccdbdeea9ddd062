/** Virtual time for the parts that use other clocks. */

/** Wall clock when virtual time begins, ms since 1970. */
export const EPOCH_MS = 1_700_000_000_000;

/** A machine's monotonic clock at that time, ms: it has been up for a while. */
export const UP_MS = 1_000_000;

/** How long messages take beside the requests' path, from agent to controller and back, and from agent to proxy. */
export const HOP_SECONDS = 0.005;
