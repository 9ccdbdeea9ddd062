/** Names, addresses and sizes of the lab. All objects have the lab's name, so that they can be found and removed. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../install/cache.ts';

/** Name of the cgroups, the network namespaces (`ballast-lab-<node>`) and the state folder. */
export const LAB = 'ballast-lab';

export const BRIDGE = 'ballast0';
export const BRIDGE_ADDRESS = '10.213.0.1';
export const POD_RANGE = '10.214.0.0/16';
export const SERVICE_RANGE = '10.215.0.0/24';
export const DNS_ADDRESS = '10.215.0.10';
/** Addresses of Services of type LoadBalancer: the hotel application's gateway, and that of a second application. */
export const BALANCER_RANGE = '10.216.0.0/24';
export const INGRESS_ADDRESS = '10.216.0.1';
export const SECOND_INGRESS_ADDRESS = '10.216.0.2';

export interface NodeSettings {
  readonly name: string;
  /** Number of the node, in its address and in the third byte of its pods' addresses. */
  readonly index: number;
  readonly isControlPlane: boolean;
  /** CPU of the node, in cores. The control plane's node has no limit. */
  readonly cores?: number;
}

/** Three workers of different sizes, which leave CPU for the node that runs everything else. */
export const NODES: readonly NodeSettings[] = [
  { name: 'control-plane', index: 0, isControlPlane: true },
  { name: 'node-1', index: 1, isControlPlane: false, cores: 0.6 },
  { name: 'node-2', index: 2, isControlPlane: false, cores: 0.4 },
  { name: 'node-3', index: 3, isControlPlane: false, cores: 0.3 },
];

export const CONTROL_PLANE_NAME = 'control-plane';

export function addressOf(node: NodeSettings): string {
  return `10.213.0.${10 + node.index}`;
}

export function podSubnetOf(node: NodeSettings): string {
  return `10.214.${node.index}.0/24`;
}

/** Address of the API server, on the control plane's node. */
export const API_SERVER = 'https://10.213.0.10:6443';

/** Service address of Kubernetes' own API: the first of the service range. */
export const API_SERVICE_ADDRESS = '10.215.0.1';

/** Folder of the lab's state and logs; `XDG_STATE_HOME` moves it. */
export function stateFolder(): string {
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'ballast', 'lab');
}

/** Folder in the lab's state in which kubectl keeps what it knows of the API server. */
export const KUBECTL_CACHE = 'kubectl-cache';

/** Folder of what is built once and kept: image archives and unpacked system packages. */
export function labCacheFolder(): string {
  return join(cacheFolder(), 'lab');
}

const HUB = 'ballast-lab';

export const PAUSE_IMAGE = `${HUB}.invalid/pause:1`;
export const COREDNS_IMAGE = `${HUB}.invalid/coredns:1.12.4`;
/** Istio's chart makes `<hub>/pilot:<version>` and `<hub>/proxyv2:<version>` of it. */
export const ISTIO_HUB = `${HUB}.invalid`;
