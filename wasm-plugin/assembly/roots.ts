/**
 * The root contexts of this VM: listeners and configurations of the same plugin share it. State of services and
 * replicas is the VM's; a root has its agent's cluster, and may ask for ORCA reports. One root at a time drives the VM's work, so that it is done
 * once per tick, and another takes over when the driver is gone.
 */
import { MAX_CLUSTER_BYTES, MAX_ROOTS } from './limits';
import { AGENT_CLUSTER } from './names';

const SILENT_MS: f64 = 500;

const roots = new StaticArray<u32>(MAX_ROOTS);
const clusters: usize = heap.alloc(MAX_ROOTS * MAX_CLUSTER_BYTES);
const clusterLengths = new StaticArray<i32>(MAX_ROOTS);
const asksForOrca = new StaticArray<bool>(MAX_ROOTS);
let driver: i32 = -1;
let drivenAt: f64 = 0;
/** Whether any root asks for ORCA reports: responses carry one from here, and lose one that came from elsewhere. */
export let usesOrca: bool = false;

function find(root: u32): i32 {
  for (let i = 0; i < MAX_ROOTS; i++) if (roots[i] == root) return i;
  return -1;
}

function findOrca(): void {
  usesOrca = false;
  for (let i = 0; i < MAX_ROOTS; i++) if (roots[i] != 0 && asksForOrca[i]) usesOrca = true;
}

/** Keeps a root's configuration; the usual name for an agent's cluster that is not there or too long. */
export function setRoot(root: u32, cluster: usize, length: i32, orca: bool): void {
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
  asksForOrca[i] = orca;
  findOrca();
}

/** Whether `root` is the one to do the VM's work at its tick. */
export function drives(root: u32, now: f64): bool {
  const i = find(root);
  if (i < 0) return false;
  if (driver < 0 || now - drivenAt > SILENT_MS) driver = i;
  if (driver != i) return false;
  drivenAt = now;
  return true;
}

/** Forgets a root; false for what is none. */
export function dropRoot(root: u32): bool {
  const i = find(root);
  if (i < 0) return false;
  roots[i] = 0;
  if (driver == i) driver = -1;
  findOrca();
  return true;
}

/** Agent's cluster of the driving root. */
export function agentClusterAt(): usize {
  return clusters + <usize>(max(driver, 0) * MAX_CLUSTER_BYTES);
}

export function agentClusterBytes(): i32 {
  return clusterLengths[max(driver, 0)];
}
