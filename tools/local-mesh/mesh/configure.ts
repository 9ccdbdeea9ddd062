/** Writes the input of the mesh's processes: the manifests of its cluster and the proxies' configuration. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AGENT_PORT } from '../../../contract/names.ts';
import { renderBootstrap } from '../envoy/render.ts';
import { scaledManifests } from '../manifests/application-manifests.ts';
import { ClusterDirectory } from '../manifests/cluster-directory.ts';
import { agentAddress } from '../manifests/placement.ts';
import { type ClusterPlan, planCluster } from '../manifests/plan-cluster.ts';
import type { NodeSet } from '../node/mesh-node.ts';
import type { ProcessPaths } from './processes.ts';
import type { MeshSettings } from './settings.ts';

/** Plans the mesh on the given nodes. Ballast starts in mode Observe. */
export async function configureMesh(
  settings: MeshSettings,
  set: NodeSet,
  plugin: string,
  paths: ProcessPaths,
): Promise<{ plan: ClusterPlan; cluster: ClusterDirectory }> {
  const { application, nodes, routing, services, replicas, network, patchProxy = (bootstrap) => bootstrap } = settings;
  const plan = planCluster({
    manifests: scaledManifests(await application.manifests(routing), replicas, routing),
    services,
    replicas,
    nodes: set.nodes.map(({ name, cores }, index) => ({ name, cores, appetite: nodes[index]?.appetite ?? 1 })),
    edge: { name: set.edge.name, cores: set.edge.cores },
    network,
    uid: randomUUID,
  });
  const pods = [...plan.replicas, plan.gateway];
  const cluster = new ClusterDirectory({
    manifests: paths.manifests,
    objects: plan.objects,
    policies: plan.policies,
    pods,
  });
  cluster.setMode('Observe');
  const objects = cluster.objects();
  for (const pod of pods) {
    const node = set.nodes.findIndex(({ name }) => name === pod.nodeName) + 1;
    const proxy = {
      kind: pod === plan.gateway ? ('gateway' as const) : ('sidecar' as const),
      pod: pod.name,
      namespace: pod.namespace,
      ip: pod.ip,
      agentAddress: `${agentAddress(network, node)}:${AGENT_PORT}`,
      pluginPath: plugin,
      labels: pod.labels,
    };
    const bootstrap = patchProxy(renderBootstrap(proxy, objects));
    // Endpoints are part of the configuration: to watch a file per proxy would take more inotify instances than Linux
    // allows a user (128).
    writeFileSync(join(paths.proxies, `${pod.name}.json`), JSON.stringify(bootstrap));
  }
  return { plan, cluster };
}
