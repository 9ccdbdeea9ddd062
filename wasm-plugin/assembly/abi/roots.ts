/**
 * The root contexts of this VM: all listeners and configurations with the plugin share one VM, and its services and
 * replicas. Each root has the name of its agent's cluster, and may switch ORCA reports on. One root, the driver, does
 * the VM's work at its tick; another one replaces it when it stops ticking. The longest interest of any root counts.
 */
import { MAX_CLUSTER_BYTES, MAX_ROOTS } from './limits';
import { AGENT_CLUSTER } from './names';

/** A driver that has not ticked for this long is replaced. */
const DRIVER_TIMEOUT_MS: f64 = 500;

const DEFAULT_INTEREST_SECONDS: i32 = 3600;
const MIN_INTEREST_SECONDS: i32 = 1;

const roots = new StaticArray<u32>(MAX_ROOTS);
const clusters: usize = heap.alloc(MAX_ROOTS * MAX_CLUSTER_BYTES);
const clusterLengths = new StaticArray<i32>(MAX_ROOTS);
const rootUsesOrca = new StaticArray<bool>(MAX_ROOTS);
const interestSeconds = new StaticArray<i32>(MAX_ROOTS);
let driver: i32 = -1;
let drivenAt: f64 = 0;
/** A proxy holds a service for this long after its last request to it. */
let interest: f64 = <f64>DEFAULT_INTEREST_SECONDS * 1000;

export function interestMs(): f64 {
  return interest;
}

/** Whether any root has ORCA reports on: responses from here get one, and responses from peers lose theirs. */
export let usesOrca: bool = false;

function find(root: u32): i32 {
  for (let i = 0; i < MAX_ROOTS; i++) if (roots[i] == root) return i;
  return -1;
}

function updateSettings(): void {
  usesOrca = false;
  let seconds = 0;
  for (let i = 0; i < MAX_ROOTS; i++) {
    if (roots[i] == 0) continue;
    if (rootUsesOrca[i]) usesOrca = true;
    seconds = max(seconds, interestSeconds[i]);
  }
  if (seconds > 0) interest = <f64>seconds * 1000;
}

/** Stores a root's configuration. The default name replaces an agent's cluster that is absent or too long. */
export function setRoot(root: u32, cluster: usize, length: i32, orca: bool, interestLasts: i32): void {
  let i = find(root);
  if (i < 0) i = find(0);
  if (i < 0) return;
  if (length <= 0 || length > MAX_CLUSTER_BYTES) {
    cluster = changetype<usize>(AGENT_CLUSTER);
    length = AGENT_CLUSTER.byteLength;
  }
  roots[i] = root;
  memory.copy(clusters + <usize>(i * MAX_CLUSTER_BYTES), cluster, length);
  clusterLengths[i] = length;
  rootUsesOrca[i] = orca;
  interestSeconds[i] = interestLasts > 0 ? max(interestLasts, MIN_INTEREST_SECONDS) : DEFAULT_INTEREST_SECONDS;
  updateSettings();
}

/**
 * A root that came when there was no place takes that of one that is gone, with its configuration: otherwise nobody would
 * drive the VM once the first roots are gone.
 */
function takeFreePlace(root: u32): i32 {
  const i = find(0);
  if (i < 0) return -1;
  roots[i] = root;
  updateSettings();
  return i;
}

/** Whether `root` is the driver. */
export function drives(root: u32, now: f64): bool {
  let i = find(root);
  if (i < 0) i = takeFreePlace(root);
  if (i < 0) return false;
  if (driver < 0 || now - drivenAt > DRIVER_TIMEOUT_MS) driver = i;
  if (driver != i) return false;
  drivenAt = now;
  return true;
}

/** Forgets a root; false when `root` is not one. */
export function dropRoot(root: u32): bool {
  const i = find(root);
  if (i < 0) return false;
  roots[i] = 0;
  if (driver == i) driver = -1;
  updateSettings();
  return true;
}

/** Name of the agent's cluster, from the driver's configuration. */
export function agentClusterAt(): usize {
  return clusters + <usize>(max(driver, 0) * MAX_CLUSTER_BYTES);
}

export function agentClusterBytes(): i32 {
  return clusterLengths[max(driver, 0)];
}
