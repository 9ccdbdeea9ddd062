/** Judges what requests that named each replica came to, and says what to do where a replica did not serve all of its own. */
import { ENDPOINT_HEADER, qualifiedName } from '../../../contract/names.ts';
import type { PolicyView } from '../../../contract/policy-status.ts';
import { withPolicyDefaults } from '../../../contract/policy.ts';
import { cores } from '../../dashboard/format.js';
import { tableText } from '../print.ts';
import type { PinnedRequests } from './pinned-requests.ts';

/** CPU of a replica while the requests for one were sent, cores. */
export interface CpuChange {
  readonly replica: string;
  readonly before: number;
  readonly after: number;
}

export interface PinnedReplica extends PinnedRequests {
  readonly replica: string;
  /** It answered every request that named it. */
  readonly servedAll: boolean;
  readonly cpuCores: readonly CpuChange[];
  /** Replicas of the service whose CPU rose by at least half of what the most did. */
  readonly rose: readonly string[];
}

export interface PinningReport {
  readonly service: string;
  readonly address: string;
  /** What the policy says; undefined where the controller knows no policy of the service. */
  readonly pinning: 'Allowed' | 'Denied' | undefined;
  readonly replicas: readonly PinnedReplica[];
  /** Replicas that are not ready get nothing, and were not asked. */
  readonly notReady: readonly string[];
  readonly ok: boolean;
  readonly remedies: readonly string[];
}

/** A rise of less is noise of the measurement. */
const MIN_RISE_CORES = 0.002;
const ROSE_FRACTION = 0.5;

export function rose(changes: readonly CpuChange[]): string[] {
  const rise = ({ before, after }: CpuChange): number => after - before;
  const least = Math.max(MIN_RISE_CORES, ROSE_FRACTION * Math.max(0, ...changes.map(rise)));
  return changes.filter((change) => rise(change) >= least).map(({ replica }) => replica);
}

export function judged(replica: string, requests: PinnedRequests, cpuCores: readonly CpuChange[]): PinnedReplica {
  const servedAll = requests.answered[replica] === requests.sent;
  return { replica, ...requests, servedAll, cpuCores, rose: rose(cpuCores) };
}

export interface Checked {
  readonly service: { readonly namespace: string; readonly name: string };
  readonly address: string;
  readonly policy: PolicyView | undefined;
  readonly replicaHeader: string;
  readonly replicas: readonly PinnedReplica[];
  readonly notReady: readonly string[];
}

export function reportOf(checked: Checked): PinningReport {
  const { service, address, policy, replicas, notReady } = checked;
  return {
    service: qualifiedName(service),
    address,
    pinning: policy && withPolicyDefaults(policy.spec).pinning,
    replicas,
    notReady,
    ok: replicas.length > 0 && replicas.every(({ servedAll }) => servedAll),
    remedies: remediesFor(checked),
  };
}

/** The likeliest reasons first: one line each. */
function remediesFor({ service, address, policy, replicaHeader, replicas, notReady }: Checked): string[] {
  const name = qualifiedName(service);
  const failures = new Set(replicas.flatMap((each) => Object.keys(each.failures)));
  const statuses = [...failures].filter((failure) => failure.startsWith('status '));
  const lost = [...failures].filter((failure) => !failure.startsWith('status '));
  const isUnnamed = replicas.some(({ answered }) => '' in answered);
  const strayed = replicas.some(({ replica, answered }) =>
    Object.keys(answered).some((other) => other !== '' && other !== replica),
  );
  const hindrance = policy && hindranceOf(policy);
  return [
    ...(lost.length > 0
      ? [
          `--address: ${address} gives no answer (${lost.join(', ')}): take the address of the ingress gateway's Service`,
        ]
      : []),
    ...(statuses.length > 0
      ? [`--path, --host: answers have ${statuses.join(', ')}: name a path that ${service.name} serves`]
      : []),
    ...(isUnnamed
      ? [`--replica-header: answers have no header ${replicaHeader}: name the one that tells who answered`]
      : []),
    ...(strayed && hindrance !== undefined ? [hindrance] : []),
    ...(strayed && hindrance === undefined
      ? [
          `others answered: the gateway may be without the plugin (ballast doctor), its route may lead to another ` +
            `service (--host), or the replica has been ejected (ballast explain ${name})`,
        ]
      : []),
    ...notReady.map((replica) => `${replica} is not ready and was not asked: ballast explain ${name}`),
  ];
}

/** What keeps clients from naming a replica, by the word of the policy, and how to change it. */
function hindranceOf({ namespace, name, spec }: PolicyView): string | undefined {
  const { mode, pinning } = withPolicyDefaults(spec);
  const patched = (change: object): string =>
    `kubectl --namespace ${namespace} patch lbp ${name} --type merge --patch '${JSON.stringify({ spec: change })}'`;
  if (pinning === 'Denied') {
    const why = `the policy has pinning: Denied, so ${ENDPOINT_HEADER} of a client counts for nothing`;
    return `${why}: ${patched({ pinning: 'Allowed' })}`;
  }
  if (mode === 'Enforce') return undefined;
  return `the policy has mode: ${mode}, so Istio alone chooses the replica: ${patched({ mode: 'Enforce' })}`;
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([key, times]) => `${times} ${key === '' ? 'unnamed' : key}`)
    .join(', ');
}

function cpuText({ cpuCores, rose: names }: PinnedReplica): string {
  const shown = cpuCores.filter(({ replica }) => names.includes(replica));
  if (shown.length === 0) return 'none';
  return shown.map(({ replica, before, after }) => `${replica}: ${cores(before)} → ${cores(after)}`).join(', ');
}

export function reportText(report: PinningReport): string {
  const { service, replicas, ok, remedies } = report;
  const good = replicas.filter(({ servedAll }) => servedAll).length;
  return [
    tableText(
      ['requests for', 'sent', 'answered by', 'failed', 'CPU rose, cores'],
      replicas.map((each) => [
        each.replica,
        String(each.sent),
        countsText(each.answered),
        countsText(each.failures) || '0',
        cpuText(each),
      ]),
    ),
    ok
      ? `${service}: each of ${replicas.length} replicas answered all requests that named it.`
      : `${service}: ${good} of ${replicas.length} replicas answered all requests that named them.`,
    ...remedies.map((remedy) => `→ ${remedy}`),
  ].join('\n');
}
