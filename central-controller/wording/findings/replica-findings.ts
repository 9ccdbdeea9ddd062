/** What is to be said of replicas and their proxies. Pure. */
import type { ReplicaState, ServiceDecision } from '../../../contract/decision.ts';
import type { Finding } from '../../../contract/finding.ts';
import { qualifiedName, serviceOfKey } from '../../../contract/names.ts';
import { about } from './finding.ts';
import type { KnownState } from './known-state.ts';

/** A proxy has been up for so long before it is missed. */
const PROXY_STARTS_MS = 60_000;

/** An agent hands the table to a new proxy within this. */
const TABLE_COMES_MS = 10_000;

export function replicaFindings(state: KnownState): Finding[] {
  const { services } = state.decision;
  const inState = (wanted: ReplicaState): string[] =>
    services.flatMap(({ namespace, replicas }) =>
      replicas.filter((replica) => replica.state === wanted).map(({ name }) => qualifiedName({ namespace, name })),
    );
  return [
    ...about(inState('Degraded'), 'trouble', 'ReplicaDegraded', (replicas) => ({
      text: `${replicas} fails, or is slower than its CPU explains, and gets little until it is well.`,
      remedy: 'Look at its log; its explanation has the failures and the latency that nothing explains.',
    })),
    ...about(inState('Stale'), 'trouble', 'ReplicaSilent', (replicas) => ({
      text: `Nothing is heard of ${replicas} any more: its weight goes back to the equal share.`,
      remedy: 'Look whether the pod runs, with its sidecar, and whether its callers still do.',
    })),
    ...about(ejected(state), 'trouble', 'ReplicaEjected', (replicas) => ({
      text: `Callers leave out ${replicas} after failures.`,
      remedy: 'Look at its log; it is tried again after some seconds.',
    })),
    ...about(inState('Learning'), 'notice', 'Learning', (replicas) => ({
      text: `Too little is known of ${replicas} yet: equal shares until then.`,
      remedy: 'It passes with requests; where there are some, see that pods have sidecars with the WasmPlugin.',
    })),
    ...about(inState('NotReady'), 'notice', 'ReplicaNotReady', (replicas) => ({
      text: `${replicas} is not ready, and gets nothing.`,
      remedy: 'kubectl describe pod says why.',
    })),
    ...about(unmanaged(state), 'trouble', 'ProxyMissing', (replicas) => ({
      text: `No proxy with the plugin reports from ${replicas}: it is not managed, or never got a request.`,
      remedy:
        'Where requests come: label the namespace for injection, apply the WasmPlugin there, and restart the pods.',
    })),
    ...about(withoutTable(state), 'trouble', 'ProxyWithoutTable', (proxies) => ({
      text: `The proxy of ${proxies} has no weights: Istio balances what it sends.`,
      remedy: "Look at the log of its node's agent, and whether the proxy reaches it.",
    })),
  ];
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
  const heard = new Set(proxies.map(({ namespace, pod }) => qualifiedName({ namespace, name: pod })));
  return topology.services.flatMap(({ namespace, replicas }) =>
    replicas
      .filter(({ ready, since }) => ready && now - since > PROXY_STARTS_MS)
      .map(({ name }) => qualifiedName({ namespace, name }))
      .filter((name) => !heard.has(name)),
  );
}

/** Where nothing is enforced, there is no table to have. */
function withoutTable({ decision, proxies, now }: KnownState): string[] {
  if (!decision.services.some(({ mode }) => mode === 'Enforce')) return [];
  const names = proxies
    .filter(({ tableVersion, tableSince }) => tableVersion === 0 && now - tableSince > TABLE_COMES_MS)
    .map(({ namespace, pod }) => qualifiedName({ namespace, name: pod }));
  return [...new Set(names)];
}
