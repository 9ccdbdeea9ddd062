/** Images that the lab makes for itself; no registry has them. */
const HUB = 'ballast-lab';

export const PAUSE_IMAGE = `${HUB}.invalid/pause:1`;
export const COREDNS_IMAGE = `${HUB}.invalid/coredns:1.12.4`;
/** Istio's chart makes `<hub>/pilot:<tag>` and `<hub>/proxyv2:<tag>` of these. */
export const ISTIO_HUB = `${HUB}.invalid`;
export const ISTIO_TAG = '1.29.2';
