/** Findings on replicas and their proxies. */
import type { ReplicaDecision, ReplicaState, ServiceDecision } from '../../../contract/decision.ts';
import type { Finding } from '../../../contract/finding.ts';
import { qualifiedName, serviceOfKey } from '../../../contract/names.ts';
import { about, type KnownState } from './finding.ts';

/** A new replica's proxy may take this long to report. */
const PROXY_STARTS_MS = 60_000;

/** A new proxy may take this long to get its table. */
const TABLE_COMES_MS = 10_000;

export function replicaFindings(state: KnownState): Finding[] {
  const { services } = state.decision;
  const inState = (state: ReplicaState): string[] => namesOf(services, (replica) => replica.state === state);
  /** What the state does to the weights, unless somebody holds one of them. */
  const effect = (state: ReplicaState, text: string): string =>
    namesOf(services, (replica) => replica.state === state && isHeld(replica)).length > 0 ? '' : text;
  return [
    ...about(inState('Degraded'), 'trouble', 'ReplicaDegraded', (replicas) => ({
      text: `${replicas} fails, or is slower than its CPU explains${effect('Degraded', ', and gets little until it is well')}.`,
      remedy: 'Look at its log. `ballast explain` shows its failures and its non-CPU latency.',
    })),
    ...about(inState('Stale'), 'trouble', 'ReplicaSilent', (replicas) => ({
      text: `${replicas} no longer reports${effect('Stale', ': its weight returns to the equal share')}.`,
      remedy: 'Check that the pod runs with its sidecar, and that its callers run.',
    })),
    ...about(ejected(state), 'trouble', 'ReplicaEjected', (replicas) => ({
      text: `Callers leave ${replicas} out after failures.`,
      remedy: 'Look at its log. Callers try it again after some seconds.',
    })),
    ...about(inState('Learning'), 'notice', 'Learning', (replicas) => ({
      text: `Too little is known of ${replicas} yet${effect('Learning', ': it gets the equal share')}.`,
      remedy: 'It ends with requests. If there are requests, check that the pods have sidecars with the WasmPlugin.',
    })),
    ...about(inState('NotReady'), 'notice', 'ReplicaNotReady', (replicas) => ({
      text: `${replicas} is not ready, and gets nothing.`,
      remedy: '`kubectl describe pod` shows why.',
    })),
    ...about(unmanaged(state), 'trouble', 'ProxyMissing', (replicas) => ({
      text: `No proxy with the plugin reports from ${replicas}: it is not managed, or never got a request.`,
      remedy:
        'If it gets requests: label the namespace for injection, apply the WasmPlugin there, and restart the pods.',
    })),
    ...about(withoutTable(state), 'trouble', 'ProxyWithoutTable', (proxies) => ({
      text: `The proxy of ${proxies} has no weights: Istio balances what it sends.`,
      remedy: "Look at the log of its node's agent, and check that the proxy reaches it.",
    })),
  ];
}

function namesOf(services: readonly ServiceDecision[], isNamed: (replica: ReplicaDecision) => boolean): string[] {
  return services.flatMap(({ namespace, replicas }) =>
    replicas.filter(isNamed).map(({ name }) => qualifiedName({ namespace, name })),
  );
}

/** Its weight is set by hand or held by a pause. */
function isHeld({ limits }: ReplicaDecision): boolean {
  return limits.includes('manual') || limits.includes('paused');
}

function ejected({ ejections, decision }: KnownState): string[] {
  const known = new Map<string, ServiceDecision>(decision.services.map((service) => [qualifiedName(service), service]));
  const names = ejections.flatMap(({ service, replica }) => {
    const { namespace, name: called } = serviceOfKey(service);
    const of = known.get(qualifiedName({ namespace, name: called }));
    return of?.replicas.some(({ name }) => name === replica)
      ? [qualifiedName({ namespace: of.namespace, name: replica })]
      : [];
  });
  return [...new Set(names)].toSorted();
}

function unmanaged({ topology, proxies, now }: KnownState): string[] {
  const reporting = new Set(proxies.map(({ namespace, pod }) => qualifiedName({ namespace, name: pod })));
  return topology.services.flatMap(({ namespace, replicas }) =>
    replicas
      .filter(({ ready, since }) => ready && now - since > PROXY_STARTS_MS)
      .map(({ name }) => qualifiedName({ namespace, name }))
      .filter((name) => !reporting.has(name)),
  );
}

/** Without an enforced service there are no tables. */
function withoutTable({ decision, proxies, now }: KnownState): string[] {
  if (!decision.services.some(({ mode }) => mode === 'Enforce')) return [];
  const names = proxies
    .filter(({ tableVersion, tableSince }) => tableVersion === 0 && now - tableSince > TABLE_COMES_MS)
    .map(({ namespace, pod }) => qualifiedName({ namespace, name: pod }));
  return [...new Set(names)];
}
