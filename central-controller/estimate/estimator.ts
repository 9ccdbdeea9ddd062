/** Takes windows into the estimates, and makes snapshots of them. */
import { qualifiedName, serviceOfKey } from '../../contract/names.ts';
import type { ServiceTopology, Topology } from '../model/topology.ts';
import type { NodeWindow, Window } from '../model/windows.ts';
import { add, approach, COLUMN, type Estimates, resetReplica } from './estimates.ts';
import { NodeMemory } from './node-load.ts';
import { observeCalled, observeServed, OWN_PROXY_MS, type ReplicaRow } from './requests.ts';

const CPU_SECONDS = 1;

/** A replica that is throttled for this fraction of a window is at its limit. */
const THROTTLED_FRACTION = 0.1;

/** For this long after it is ready a replica compiles, fills caches and opens connections. */
const SETTLES_MS = 15_000;

/** Takes one window. Windows of one source come in order, those of different sources in any order. */
export function observe(estimates: Estimates, window: Window): void {
  if (window.kind === 'node') {
    observeNode(estimates, window);
    return;
  }
  const isServed = window.kind === 'served';
  const namespace = isServed ? window.namespace : serviceOfKey(window.service).namespace;
  const replica = rowOf(estimates, qualifiedName({ namespace, name: window.replica }));
  if (replica === undefined) return;
  if (isServed) observeServed(estimates, replica, window);
  else observeCalled(estimates, replica, window);
}

function rowOf({ replicas, placed, nodes }: Estimates, key: string): ReplicaRow | undefined {
  const row = replicas.find(key);
  return row === undefined ? undefined : { key, row, node: nodes.get(placed.get(key)?.node ?? '') };
}

/** Takes over which pod is which replica, and forgets what the topology no longer has. */
export function followTopology(estimates: Estimates, topology: Topology): void {
  if (estimates.topology === topology) return;
  estimates.topology = topology;
  const { replicas, placed, rowOfUid, services, callers, nodes } = estimates;
  rowOfUid.clear();
  services.clear();
  const kept = new Set<string>();
  for (const service of topology.services) {
    for (const replica of service.replicas) {
      const key = qualifiedName({ namespace: service.namespace, name: replica.name });
      kept.add(key);
      const known = replicas.find(key);
      const row = known ?? replicas.add(key);
      if (placed.get(key)?.uid !== replica.uid) {
        resetReplica(replicas.values, row, known !== undefined);
        callers.delete(key);
      }
      replicas.values[row + COLUMN.settledAt] = replica.ready ? replica.since + SETTLES_MS : Infinity;
      placed.set(key, replica);
      if (service.mode !== 'Off') rowOfUid.set(replica.uid, row);
    }
    services.set(service, rowsOf(estimates, service));
  }
  replicas.retain(kept);
  for (const known of [placed, callers]) {
    for (const key of known.keys()) if (!kept.has(key)) known.delete(key);
  }
  const names = new Set(topology.nodes.map(({ name }) => name));
  for (const name of nodes.keys()) if (!names.has(name)) nodes.delete(name);
}

function rowsOf({ replicas }: Estimates, { namespace, replicas: known }: ServiceTopology) {
  const all = Int32Array.from(known, ({ name }) => replicas.find(qualifiedName({ namespace, name })) ?? 0);
  return { all, cost: all.map((row) => row + COLUMN.cost), idle: all.map((row) => row + COLUMN.idle) };
}

function observeNode({ replicas, rowOfUid, nodes }: Estimates, window: NodeWindow): void {
  const { seconds, at } = window;
  if (!(seconds > 0)) return;
  const { values } = replicas;
  const fraction = 1 - Math.exp(-seconds / CPU_SECONDS);
  let balanced = 0;
  for (const { uid, cpuSeconds, throttledSeconds, limitCores, grantedCores } of window.replicas) {
    const row = rowOfUid.get(uid);
    if (row === undefined) continue;
    const cores = cpuSeconds / seconds;
    balanced += cores;
    approach(values, row + COLUMN.cpuCores, cores, fraction);
    add(values, row + COLUMN.unmatchedCpuSeconds, cpuSeconds);
    add(values, row + COLUMN.unmatchedSeconds, seconds);
    values[row + COLUMN.declaredLimitCores] = limitCores ?? 0;
    // A quota that Ballast set is no limit of the replica's own. Otherwise each would be derived from the last.
    if (grantedCores === undefined && throttledSeconds > THROTTLED_FRACTION * seconds) {
      values[row + COLUMN.throttledCores] = Math.max(cores, values[row + COLUMN.cpuCores] ?? 0);
      values[row + COLUMN.throttledAt] = at;
    }
  }
  const node = nodes.get(window.node) ?? new NodeMemory(at);
  nodes.set(window.node, node);
  node.nominalSpeed = window.nominalSpeed ?? 0;
  const busyCores = window.busySeconds / seconds;
  const stealCores = window.stealSeconds / seconds;
  node.add({ seconds, cores: window.cores, busyCores, backgroundCores: busyCores - balanced, stealCores }, at);
}

/**
 * Services, `<namespace>/<name>`, with a ready replica whose own proxy does not report: these need callers' counts.
 *
 * @param since replicas that became known later may still get a proxy
 */
export function servicesWithoutProxies(
  { replicas: { values }, services }: Estimates,
  topology: Topology,
  since: number,
  now: number,
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const service of topology.services) {
    const rows = services.get(service);
    if (service.mode === 'Off' || rows === undefined) continue;
    const isMissing = service.replicas.some(
      (replica, index) =>
        replica.ready &&
        replica.since <= since &&
        now - (values[(rows.all[index] ?? 0) + COLUMN.servedAt] ?? 0) > OWN_PROXY_MS,
    );
    if (isMissing) found.add(qualifiedName(service));
  }
  return found;
}
