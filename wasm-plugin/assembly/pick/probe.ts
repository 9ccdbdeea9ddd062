/**
 * Probes of ejected replicas in Subset routing. Envoy could not retry a request on another replica there, so no
 * client's request is used as a probe. The plugin sends `OPTIONS /`, which is safe by definition (RFC 9110, 9.2.1).
 */
import { at, CALL_RESPONSE_HEADERS, hasHeader, readHeader, valueAt, valueLength } from '../abi/host';
import { skipTo } from '../abi/bytes';
import { anyEjected, dueProbe, eject, readmit } from './ejection';
import { AUTHORITY, beginCall, OPTIONS, PATH, putHeader, sendCall } from '../abi/http-call';
import { MAX_CLUSTER_BYTES, MAX_SERVICES } from '../abi/limits';
import { ENDPOINT_HEADER, LOAD_HEADER, OUTBOUND_PREFIX, STATUS_HEADER, UNREACHED_HEADER } from '../abi/names';
import { nameAt, nameBytes } from '../table/replicas';
import { isBalanced, keyAt, keyBytes, routing, ROUTING_SUBSET } from '../table/services';

const MAX_PROBES: i32 = 16;
const BAR: u8 = 0x7c;
const TIMEOUT_MS: u32 = 2000;
const ROOT_PATH = String.UTF8.encode('/');

const tokens = new StaticArray<i32>(MAX_PROBES);
const probed = new StaticArray<i32>(MAX_PROBES);
const cluster: usize = heap.alloc(MAX_CLUSTER_BYTES + 256);

/** Sends the probe through the replica's own subset; its token, or -1. */
function sendProbe(service: i32, slot: i32): i32 {
  const key = keyAt(service);
  const bar = <i32>(skipTo(BAR, 1, key, key + keyBytes(service)) - key);
  if (bar == keyBytes(service)) return -1;
  const host = key + bar + 1;
  const hostLength = keyBytes(service) - bar - 1;
  let end = cluster;
  memory.copy(end, at(OUTBOUND_PREFIX), OUTBOUND_PREFIX.byteLength);
  end += OUTBOUND_PREFIX.byteLength;
  memory.copy(end, key, bar + 1);
  end += bar + 1;
  memory.copy(end, nameAt(slot), nameBytes(slot));
  end += nameBytes(slot);
  memory.copy(end, key + bar, hostLength + 1);
  end += hostLength + 1;
  beginCall(4, OPTIONS);
  putHeader(PATH, at(ROOT_PATH), ROOT_PATH.byteLength);
  putHeader(AUTHORITY, host, hostLength);
  putHeader(ENDPOINT_HEADER, nameAt(slot), nameBytes(slot));
  return sendCall(cluster, <i32>(end - cluster), 0, 0, TIMEOUT_MS);
}

/** Sends the probes that are due. Only the VM with the lease calls it. */
export function startProbes(now: f64): void {
  if (!anyEjected()) return;
  for (let service = 0; service < MAX_SERVICES; service++) {
    if (!isBalanced(service) || routing[service] != ROUTING_SUBSET) continue;
    let place = 0;
    while (place < MAX_PROBES && tokens[place] > 0) place++;
    if (place == MAX_PROBES) return;
    const slot = dueProbe(service, now);
    if (slot < 0) continue;
    const token = sendProbe(service, slot);
    if (token < 0) eject(slot, true, now);
    tokens[place] = token;
    probed[place] = slot;
  }
}

/** Whether the answer is the replica's own: its plugin added the load, or no proxy makes up such a status. */
function isReached(): bool {
  if (hasHeader(CALL_RESPONSE_HEADERS, UNREACHED_HEADER)) return false;
  if (hasHeader(CALL_RESPONSE_HEADERS, LOAD_HEADER)) return true;
  return readHeader(CALL_RESPONSE_HEADERS, STATUS_HEADER) && valueLength == 3 && load<u8>(valueAt) < 0x35;
}

/** Takes the answer to a probe; false when the token belongs to another call. */
export function onProbeAnswer(token: i32, now: f64): bool {
  let place = 0;
  while (place < MAX_PROBES && tokens[place] != token) place++;
  if (place == MAX_PROBES) return false;
  tokens[place] = 0;
  if (isReached()) readmit(probed[place]);
  else eject(probed[place], true, now);
  return true;
}

/** Forgets the calls of a root context that Envoy deleted. */
export function forgetProbes(): void {
  for (let place = 0; place < MAX_PROBES; place++) tokens[place] = 0;
}
