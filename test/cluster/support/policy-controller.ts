/** The part of the controller that writes to the cluster, on a clock that can be put forward; decisions are made up. */
import { KubernetesClient } from '../../../central-controller/kubernetes/client.ts';
import { kubeconfigAccess } from '../../../central-controller/kubernetes/api-access.ts';
import { WatchedCluster } from '../../../central-controller/cluster/watched-cluster.ts';
import { describeManifest } from '../../../central-controller/kubernetes/manifest.ts';
import { PolicyReconciler } from '../../../central-controller/policy/policy-reconciler.ts';
import { ApiWriter } from '../../../central-controller/kubernetes/api-writer.ts';
import type { KubernetesWriter } from '../../../central-controller/kubernetes/kubernetes-writer.ts';
import { RoutedCluster } from '../../../central-controller/routing/routed-cluster.ts';
import type { Topology } from '../../../central-controller/model/topology.ts';
import { decisionOn } from '../../central-controller/cluster/decisions.ts';

export interface PolicyController extends AsyncDisposable {
  /** Writes to routing objects of a namespace so far, in their order: `<verb> <kind> <name>`. */
  written(namespace: string): string[];
  readonly refusals: string[];
  /** As the control loop reads it. */
  topology(): Topology;
  /** One decision, and what follows of it. */
  turn(): Promise<void>;
  /** Puts the clock forward. */
  advance(ms: number): void;
}

/** @param asUser kubeconfig that writes are made with; absent: with that of reads */
export async function startPolicyController(kubeconfig: string, asUser = kubeconfig): Promise<PolicyController> {
  const client = new KubernetesClient(await kubeconfigAccess({ kubeconfig }));
  const user = new KubernetesClient(await kubeconfigAccess({ kubeconfig: asUser }));
  let skipped = 0;
  const now = () => Date.now() + skipped;
  const observed = new WatchedCluster(client, { now, onNews: () => undefined });
  await observed.synced();
  const routed = new RoutedCluster(observed, now);
  const written: string[] = [];
  const refusals: string[] = [];
  const reconciler = new PolicyReconciler({
    observed,
    routed,
    writer: recording(new ApiWriter(user), written),
    now,
    onRefusal: (message) => refusals.push(message),
    onDefect: (error) => {
      throw error;
    },
  });
  return {
    written: (namespace) =>
      written.filter((entry) => entry.includes(` ${namespace}/`)).map((entry) => entry.replace(`${namespace}/`, '')),
    refusals,
    topology: () => routed.read(),
    turn: () => {
      const decision = decisionOn(routed.read(), now());
      return reconciler.reconcile(decision, decision);
    },
    advance: (ms) => {
      skipped += ms;
    },
    async [Symbol.asyncDispose]() {
      await observed.close();
      await client.close();
      await user.close();
    },
  };
}

function recording(writer: KubernetesWriter, written: string[]): KubernetesWriter {
  return {
    async apply(object, force) {
      if (object.kind !== 'Event') written.push(`apply ${describeManifest(object)}`);
      return writer.apply(object, force);
    },
    async delete(object, uid) {
      written.push(`delete ${describeManifest(object)}`);
      return writer.delete(object, uid);
    },
    applyStatus: (object, status) => writer.applyStatus(object, status),
  };
}
