/** Which of the table's replicas this proxy belongs to, and the controller's estimate of its CPU utilisation. */
import { same, skipTo } from '../abi/bytes';
import { MAX_ADDRESS_BYTES, MAX_NAME_BYTES } from '../abi/limits';

const DOT: u8 = 0x2e;
const BAR: u8 = 0x7c;
const TILDE: u8 = 0x7e;

const workload: usize = heap.alloc(2 * MAX_NAME_BYTES);
let podBytes: i32 = 0;
let namespaceBytes: i32 = 0;

/** The proxy's own IP address, as text. */
export const ownAddress: usize = heap.alloc(MAX_ADDRESS_BYTES);
/** 0 when the node id has no address. */
export let ownAddressBytes: i32 = 0;

/** CPU in use over the CPU that the replica could have, from the newest table; 0: unknown. */
export let cpuUtilisation: f64 = 0;

/** Takes address, pod and namespace from Envoy's node id, `sidecar~<ip>~<pod>.<namespace>~<domain>`. */
export function setOwnName(nodeId: usize, length: i32): void {
  const end = nodeId + length;
  const name = skipTo(TILDE, 2, nodeId, end) + 1;
  const nameEnd = skipTo(TILDE, 1, name, end);
  podBytes = 0;
  ownAddressBytes = 0;
  if (nameEnd >= end || nameEnd - name > <usize>(2 * MAX_NAME_BYTES)) return;
  // A pod's name may have dots, a namespace's has none.
  let dot = nameEnd;
  while (dot > name && load<u8>(dot) != DOT) dot--;
  if (dot == name || nameEnd - dot < 2) return;
  podBytes = <i32>(dot - name);
  namespaceBytes = <i32>(nameEnd - dot) - 1;
  memory.copy(workload, name, <i32>(nameEnd - name));
  const address = skipTo(TILDE, 1, nodeId, end) + 1;
  const addressBytes = <i32>(name - 1 - address);
  if (addressBytes > MAX_ADDRESS_BYTES) return;
  memory.copy(ownAddress, address, addressBytes);
  ownAddressBytes = addressBytes;
}

/** Whether the replica `name` of the service with the key `<port>|<service>.<namespace>.…` is this one. */
function isOwn(key: usize, keyLength: i32, name: usize, nameLength: i32): bool {
  if (podBytes == 0 || !same(workload, podBytes, name, nameLength)) return false;
  const end = key + keyLength;
  const namespace = skipTo(DOT, 1, skipTo(BAR, 1, key, end), end) + 1;
  if (namespace >= end) return false;
  return same(workload + podBytes + 1, namespaceBytes, namespace, <i32>(skipTo(DOT, 1, namespace, end) - namespace));
}

/** Call it before a new table is taken over. */
export function forgetUtilisation(): void {
  cpuUtilisation = 0;
}

export function learnUtilisation(key: usize, keyLength: i32, name: usize, nameLength: i32, utilisation: f64): void {
  if (isOwn(key, keyLength, name, nameLength)) cpuUtilisation = utilisation;
}
