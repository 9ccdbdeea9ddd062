/** Connects the operator to a cluster. */
import { qualifiedName } from '../../../contract/names.ts';
import { KubernetesClient } from '../../../central-controller/kubernetes/client.ts';
import type { ApiAccess } from '../../../central-controller/kubernetes/api-access.ts';
import { Lease } from '../../../central-controller/kubernetes/lease.ts';
import type { ReflectorState } from '../../../central-controller/kubernetes/reflector.ts';
import { describeFailure, type Failure } from '../../../contract/errors.ts';
import { MIXES, readMix } from '../flags.ts';
import type { Mix } from '../workload/mix.ts';
import { withRequestDefaults } from './api/request.ts';
import { ObjectWriter } from './cluster/object-writer.ts';
import { WatchedRequests } from './cluster/watched-requests.ts';
import { Operator } from './operator.ts';
import { startLoadRun } from './run/load-run.ts';

export interface OperatorOptions {
  readonly access: ApiAccess;
  /** Namespace of the Lease that elects one of several operators. */
  readonly namespace: string;
  readonly lease: string;
  /** Unique among all processes, including earlier ones. */
  readonly identity: string;
  /** Base URL of a Service's port, such as `http://search.shop.svc.cluster.local:8080`. */
  readonly targetOf: (namespace: string, service: string, port: number) => URL;
}

export interface Log {
  info(message: string): void;
  error(fields: unknown, message: string): void;
}

export interface OpenedOperator {
  /** Both kinds were listed, and one of the operators leads. */
  readonly isReady: boolean;
  /** Ends the running loads, writes their results, and releases the Lease. */
  close(): Promise<void>;
}

/** Starts at once. */
export function openOperator(options: OperatorOptions, log: Log): OpenedOperator {
  const { access, namespace, lease: name, identity, targetOf } = options;
  const logFailure = (failure: Failure): void => log.error({ code: failure.code }, describeFailure(failure));
  const mixes = readMixes(logFailure);
  const client = new KubernetesClient(access);
  const problems = new Set<string>();
  const watched = new WatchedRequests(client, {
    changed() {
      for (const { kind, name: object, text } of watched.problems()) {
        const message = `${kind} ${object}: ${text}`;
        if (!problems.has(message)) logFailure({ code: 'INVALID_MANIFEST', message });
        problems.add(message);
      }
      void operator.poke();
    },
    moved: (kind, state, why) => logState(kind, state, why, log, logFailure),
  });
  const leadership = new Lease(client, {
    namespace,
    name,
    identity,
    urlOf: () => undefined,
    now: () => performance.now(),
    onTrouble: (why) =>
      logFailure({ code: 'CLUSTER_UNREACHABLE', message: `Lease ${qualifiedName({ namespace, name })}: ${why}` }),
  });
  const operator = new Operator({
    seen: () => watched.seen(),
    writer: new ObjectWriter(client),
    mixes: new Set(mixes.keys()),
    startRun(request, changed) {
      const { serviceName, port, mix } = withRequestDefaults(request.spec);
      log.info(`${qualifiedName(request.metadata)}: load against ${serviceName}:${port} begins`);
      const target = targetOf(request.metadata.namespace, serviceName, port);
      return startLoadRun(request, target, mix === undefined ? undefined : mixes.get(mix), changed);
    },
    mayAct: () => leadership.isLeading,
    now: () => Date.now(),
    onTrouble: logFailure,
  });
  leadership.onChange(() => {
    const { isLeading, leader } = leadership;
    log.info(isLeading ? `${identity}: acts` : `${identity}: waits, ${leader ?? 'nobody'} acts`);
    // Loads continue until another operator leads, because the API server may only be away for a moment.
    if (!isLeading && leader !== undefined && leader !== identity) operator.abandon();
    void operator.poke();
  });
  leadership.start();
  return {
    get isReady() {
      return watched.seen() !== undefined && leadership.leader !== undefined;
    },
    async close() {
      await operator.close();
      await leadership.close();
      await watched.close();
      await client.close();
    },
  };
}

function readMixes(logFailure: (failure: Failure) => void): ReadonlyMap<string, Mix> {
  const mixes = new Map<string, Mix>();
  for (const name of MIXES) {
    const mix = readMix(name);
    if (mix.ok) mixes.set(name, mix.value);
    else logFailure(mix.failure);
  }
  return mixes;
}

function logState(
  kind: string,
  state: ReflectorState,
  why: string | undefined,
  log: Log,
  logFailure: (failure: Failure) => void,
): void {
  if (state === 'absent')
    logFailure({ code: 'UNKNOWN_KIND', message: `${kind}: the cluster knows no such kind (yet)` });
  else if (why !== undefined)
    logFailure({ code: 'CLUSTER_UNREACHABLE', message: `${kind}: cannot be watched: ${why}` });
  else log.info(`${kind}: ${state}`);
}
