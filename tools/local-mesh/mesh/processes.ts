/** The command lines of the mesh's processes and where each of them runs. Pure. */
import { join } from 'node:path';
import { AGENT_PORT, CONTROLLER_PORT } from '../../../contract/names.ts';
import type { MeshApplication } from '../applications/application.ts';
import { APPLICATION_PORT, OUTBOUND_PORT } from '../envoy/proxy.ts';
import type { MeshPod } from '../manifests/cluster-objects.ts';
import type { MeshNode } from '../node/mesh-node.ts';
import type { ProcessSpec } from '../process/supervisor.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

export interface ProcessPaths {
  readonly envoy: string;
  readonly manifests: string;
  /** Directory of the Envoy configurations, one `<pod>.json` each. */
  readonly proxies: string;
  /** Directory of the replicas' data, with a folder for each. */
  readonly data: string;
  /** Folder that all replicas see. */
  readonly shared: string;
}

/** The command line of a program of this repository. `flags` are names without dashes and their values. */
function program(path: string, flags: Readonly<Record<string, string>>, more: readonly string[] = []) {
  const given = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  return { command: process.execPath, arguments: [join(ROOT, path), ...given, ...more] };
}

export function controllerSpec(edge: MeshNode, ip: string, paths: ProcessPaths): ProcessSpec {
  const flags = { manifests: paths.manifests, listen: `${ip}:${CONTROLLER_PORT}` };
  const line = program('central-controller/main.ts', flags);
  return { name: 'controller', node: edge, place: { kind: 'system' }, ...line };
}

/** The agent of a node. It runs outside of the node's CPU quota, so that all phases have the same conditions. */
export function agentSpec(node: MeshNode, edge: MeshNode, ip: string, controllerIp: string): ProcessSpec {
  const controller = `http://${controllerIp}:${CONTROLLER_PORT}`;
  const flags = { node: node.name, listen: `${ip}:${AGENT_PORT}`, controller };
  const line = program('host-agent/main.ts', flags, node.agentFlags);
  return { name: `agent-${node.name}`, node: edge, place: { kind: 'system' }, ...line };
}

export function applicationSpec(
  application: MeshApplication,
  pod: MeshPod,
  node: MeshNode,
  paths: ProcessPaths,
): ProcessSpec {
  const { module, flags } = application.replica(pod.service ?? '', {
    listen: `${pod.ip}:${APPLICATION_PORT}`,
    data: dataFolder(pod, paths),
    shared: paths.shared,
  });
  const line = program(module, flags);
  const environment = { POD_NAME: pod.name, MESH_OUTBOUND: `${pod.ip}:${OUTBOUND_PORT}` };
  return { name: pod.name, node, place: { kind: 'pod', uid: pod.uid }, ...line, environment };
}

/** Folder of one replica's data. */
export function dataFolder(pod: MeshPod, paths: ProcessPaths): string {
  return join(paths.data, pod.name);
}

export function proxySpec(pod: MeshPod, node: MeshNode, paths: ProcessPaths): ProcessSpec {
  const configuration = join(paths.proxies, `${pod.name}.json`);
  return {
    name: `${pod.name}-proxy`,
    node,
    place: { kind: 'pod', uid: pod.uid },
    command: paths.envoy,
    arguments: ['-c', configuration, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'warning'],
  };
}

/** A neighbour that takes `cores` of the node's CPU. */
export function neighbourSpec(node: MeshNode, cores: number): ProcessSpec {
  const line = program('tools/noisy-neighbour/main.ts', { cores: cores.toFixed(3) });
  return { name: 'neighbour', node, place: { kind: 'neighbour' }, ...line };
}
