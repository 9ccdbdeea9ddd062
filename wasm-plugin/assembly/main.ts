/**
 * Entry points that Envoy calls. Only those in use are exported, because each is a crossing into the VM. All are total:
 * a trap would cost the request a 503.
 */
import {
  enter,
  monotonicMs,
  PLUGIN_CONFIGURATION,
  randomWord,
  readBuffer,
  readProperty,
  setTickPeriod,
  valueAt,
  valueLength,
} from './abi/host';
import { forgetCalls, onAnswer } from './agent/agent-link';
import { onTick } from './agent/tick';
import { onCallEnd, onCallResponse, onCallTrailers, onForeignResponse } from './outbound/answer';
import { startsWith } from './abi/bytes';
import { findNumber, findString, foundAt, foundLength, isSet } from './abi/config';
import { onServeEnd, onServeRequest, onServeResponse, onServeTrailers } from './inbound/serve';
import { defineMetrics } from './agent/metrics';
import { CLUSTER_NAME_PROPERTY, INBOUND_PREFIX, NODE_ID_PROPERTY, OUTBOUND_PREFIX } from './abi/names';
import { onCallRequest, stripChoice, placeWindow } from './outbound/request';
import { setOwnAddress } from './inbound/own-address';
import { seedRandom } from './pick/random';
import { drives, dropRoot, setRoot } from './abi/roots';
import { identifyVm, setNodeId } from './agent/message';
import { closeStream, findStream, SERVED, side } from './abi/streams';

export { malloc } from './abi/host';

const CONTINUE: i32 = 0;
const TICK_MS: u32 = 100;
const ORCA_FIELD = String.UTF8.encode('orca');
const INTEREST_FIELD = String.UTF8.encode('interestSeconds');
const AGENT_CLUSTER_FIELD = String.UTF8.encode('agentCluster');

/** Random number of this VM; 0 before its start. */
let vm: u64 = 0;

export function proxy_abi_version_0_2_1(): void {}

/** Envoy calls it for each root context. For a second listener or a changed configuration, the VM already runs. */
export function proxy_on_vm_start(root: u32, size: u32): u32 {
  enter();
  if (vm != 0) return 1;
  vm = randomWord() ^ (<u64>monotonicMs());
  seedRandom(randomWord() ^ vm);
  placeWindow();
  identifyVm(vm);
  defineMetrics();
  return 1;
}

/** Accepts any configuration: Envoy would not start if the plugin refused it. */
export function proxy_on_configure(root: u32, size: u32): u32 {
  enter();
  if (readProperty(NODE_ID_PROPERTY)) {
    setNodeId(valueAt, valueLength);
    setOwnAddress(valueAt, valueLength);
  }
  const configured = readBuffer(PLUGIN_CONFIGURATION, <i32>size);
  const orca = configured && isSet(valueAt, valueLength, ORCA_FIELD);
  const interest = configured ? findNumber(valueAt, valueLength, INTEREST_FIELD) : -1;
  const found = configured && findString(valueAt, valueLength, AGENT_CLUSTER_FIELD);
  setRoot(root, foundAt, found ? foundLength : 0, orca, interest);
  setTickPeriod(TICK_MS);
  return 1;
}

export function proxy_on_tick(root: u32): void {
  enter();
  const now = monotonicMs();
  if (drives(root, now)) onTick(vm, now);
}

export function proxy_on_http_call_response(root: u32, token: u32, headers: u32, body: u32, trailers: u32): void {
  enter();
  onAnswer(vm, <i32>token, <i32>body, monotonicMs());
}

export function proxy_on_request_headers(context: u32, headers: u32, endOfStream: u32): i32 {
  enter();
  // The target is the cluster of Envoy's route. A client may put anything into :authority.
  if (!readProperty(CLUSTER_NAME_PROPERTY)) stripChoice();
  else if (startsWith(valueAt, valueLength, OUTBOUND_PREFIX)) onCallRequest(context, valueAt, valueLength);
  else if (startsWith(valueAt, valueLength, INBOUND_PREFIX)) onServeRequest(context);
  // Any other cluster is outside the mesh; the headers choose nothing there.
  return CONTINUE;
}

export function proxy_on_response_headers(context: u32, headers: u32, endOfStream: u32): i32 {
  enter();
  const entry = findStream(context);
  if (entry < 0) onForeignResponse();
  else if (side[entry] == SERVED) onServeResponse(entry, endOfStream != 0);
  else onCallResponse(entry, endOfStream != 0);
  return CONTINUE;
}

/** Envoy calls it only for responses with trailers, mainly gRPC. */
export function proxy_on_response_trailers(context: u32, trailers: u32): i32 {
  enter();
  const entry = findStream(context);
  if (entry < 0) return CONTINUE;
  if (side[entry] == SERVED) onServeTrailers(entry);
  else onCallTrailers(entry);
  return CONTINUE;
}

/** End of a stream, for any reason, or of a root context. */
export function proxy_on_delete(context: u32): void {
  enter();
  const entry = findStream(context);
  if (entry >= 0) {
    if (side[entry] == SERVED) onServeEnd(entry);
    else onCallEnd(entry);
    closeStream(entry);
  } else if (dropRoot(context)) {
    forgetCalls();
  }
}
