/** Opens a real cluster: its API server, the watch of it, and the lease by which several controllers choose one. */
import { describeFailure, type Failure } from '../../contract/errors.ts';
import { KubernetesClient } from './client.ts';
import { inClusterCredentials, kubeconfigCredentials } from './credentials.ts';
import { Lease } from './lease.ts';
import { WatchedCluster } from './watched-cluster.ts';

export interface KubernetesOptions {
  /** Undefined: the pod's own service account. */
  readonly kubeconfig: string | undefined;
  readonly namespace: string;
  readonly lease: string;
  readonly identity: string;
  /** The controller's clock, ms. */
  readonly now: () => number;
}

export interface Log {
  info(message: string): void;
  error(fields: { readonly code: string }, message: string): void;
}

export interface OpenedCluster {
  readonly client: KubernetesClient;
  readonly cluster: WatchedCluster;
  readonly leadership: Lease;
  /** Takes part in the election from when everything was seen once: before, this one must not lead. */
  start(): Promise<void>;
  /** Lets another controller lead at once. */
  close(): Promise<void>;
}

/** @throws BallastError INVALID_FLAG when there are no credentials */
export function openCluster(options: KubernetesOptions, log: Log): OpenedCluster {
  const { kubeconfig, namespace, lease: name, identity, now } = options;
  const credentials = kubeconfig === undefined ? inClusterCredentials() : kubeconfigCredentials(kubeconfig);
  const client = new KubernetesClient(credentials);
  const complain = (failure: Failure): void => log.error({ code: failure.code }, describeFailure(failure));
  const cluster = new WatchedCluster(client, {
    now,
    onNews: ({ message, code }) => (code ? complain({ code, message }) : log.info(message)),
  });
  const leadership = new Lease(client, {
    namespace,
    name,
    identity,
    now: () => performance.now(),
    onTrouble: (why) => complain({ code: 'CLUSTER_UNREACHABLE', message: `Lease ${namespace}/${name}: ${why}` }),
  });
  leadership.onChange(() => {
    const { isLeading, leader = 'nobody' } = leadership;
    log.info(isLeading ? `${identity}: leads` : `${identity}: follows, ${leader} leads`);
  });
  return {
    client,
    cluster,
    leadership,
    async start() {
      await cluster.synced();
      leadership.start();
    },
    async close() {
      await leadership.close();
      await cluster.close();
      await client.close();
    },
  };
}
