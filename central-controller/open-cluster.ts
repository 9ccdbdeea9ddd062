/** Opens a real cluster: watches it, takes part in the leader election, and writes routing and status while leading. */
import { qualifiedName } from '../contract/names.ts';
import type { Decision } from '../contract/decision.ts';
import { describeFailure, type Failure } from '../contract/errors.ts';
import { hostPort } from '../contract/host-port.ts';
import { PolicyReconciler } from './policy/policy-reconciler.ts';
import { ApiWriter } from './kubernetes/api-writer.ts';
import { RoutedCluster } from './routing/routed-cluster.ts';
import { ApiError, KubernetesClient } from './kubernetes/client.ts';
import type { ApiAccess } from './kubernetes/api-access.ts';
import type { ObjectProblem } from './kubernetes/objects.ts';
import { Lease } from './kubernetes/lease.ts';
import { WatchedCluster } from './cluster/watched-cluster.ts';

export interface KubernetesOptions {
  readonly access: ApiAccess;
  readonly namespace: string;
  readonly lease: string;
  /** Domain of the cluster's host names. */
  readonly clusterDomain: string;
  readonly identity: string;
  /** Port of this controller and of its peers. */
  readonly port: number;
  /** The controller's clock, ms. */
  readonly now: () => number;
}

export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(fields: unknown, message: string): void;
}

export interface OpenedCluster {
  readonly cluster: RoutedCluster;
  readonly leadership: Lease;
  /** Called after each decision: writes what follows from it. */
  decided(decision: Decision, previous: Decision | undefined): void;
  /** Joins the election once everything was seen: before, this controller must not lead. */
  start(): Promise<void>;
  /** Lets another controller lead at once. */
  close(): Promise<void>;
}

/** @throws BallastError INVALID_FLAG if the server is not a base address */
export function openCluster(options: KubernetesOptions, log: Log): OpenedCluster {
  const { access, namespace, lease: name, identity, port, clusterDomain, now } = options;
  const client = new KubernetesClient(access);
  const complain = (failure: Failure): void => log.error({ code: failure.code }, describeFailure(failure));
  const observed = new WatchedCluster(client, {
    now,
    clusterDomain,
    onNews: ({ message, code }) => (code ? complain({ code, message }) : log.info(message)),
  });
  const leadership = new Lease(client, {
    namespace,
    name,
    identity,
    urlOf: (other) => urlOf(addressOf(observed, namespace, other), port),
    now: () => performance.now(),
    onTrouble: (why) =>
      complain({ code: 'CLUSTER_UNREACHABLE', message: `Lease ${qualifiedName({ namespace, name })}: ${why}` }),
  });
  const cluster = new RoutedCluster(observed, now);
  const reconciler = new PolicyReconciler({
    observed,
    routed: cluster,
    writer: new ApiWriter({
      // A round that is still running must stop writing once another controller leads.
      request: (...what) =>
        leadership.isLeading
          ? client.request(...what)
          : Promise.reject(new ApiError(0, '', `${identity} leads no more`)),
    }),
    now,
    onRefusal: (message) => log.warn(message),
    onDefect: (error) => log.error(error, 'a defect ended the writes of this decision; the next decision tries again'),
  });
  const logProblems = problemLog(log);
  leadership.onChange(() => {
    const { isLeading, leader = 'nobody' } = leadership;
    log.info(isLeading ? `${identity}: leads` : `${identity}: follows, ${leader} leads`);
  });
  return {
    cluster,
    leadership,
    decided(decision, previous) {
      logProblems(observed.problems());
      void reconciler.reconcile(decision, previous);
    },
    async start() {
      await observed.synced();
      leadership.start();
    },
    async close() {
      await leadership.close();
      await cluster.close();
      await client.close();
    },
  };
}

/** Logs each problem once until it is gone. */
function problemLog(log: Log): (problems: readonly ObjectProblem[]) => void {
  let known: ReadonlySet<string> = new Set();
  return (problems) => {
    const texts = new Set(problems.map(({ kind, name, text }) => `${kind} ${name}: ${text}`));
    for (const text of texts) if (!known.has(text)) log.warn(text);
    known = texts;
  };
}

/** Address of the pod of this identity, which is `<pod name>_<random part>`. */
function addressOf(observed: WatchedCluster, namespace: string, identity: string): string | undefined {
  const name = identity.slice(0, identity.lastIndexOf('_'));
  const { pods } = observed.objects();
  return pods.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)?.status?.podIP;
}

function urlOf(address: string | undefined, port: number): URL | undefined {
  return address === undefined ? undefined : new URL(`http://${hostPort(address, port)}`);
}
