/** The proxy's own IP address. Its replica adds it to its answers. */
import { skipTo } from '../abi/bytes';
import { MAX_ADDRESS_BYTES } from '../abi/limits';

const TILDE: u8 = 0x7e;

/** As text. */
export const ownAddress: usize = heap.alloc(MAX_ADDRESS_BYTES);
/** 0 when the node id has no address. */
export let ownAddressBytes: i32 = 0;

/** Takes the address from Envoy's node id, `sidecar~<ip>~<pod>.<namespace>~<domain>`. */
export function setOwnAddress(nodeId: usize, length: i32): void {
  const end = nodeId + length;
  const address = skipTo(TILDE, 1, nodeId, end) + 1;
  const addressEnd = skipTo(TILDE, 1, address, end);
  ownAddressBytes = 0;
  // A node id of another form has no address there.
  if (skipTo(TILDE, 1, addressEnd + 1, end) >= end || addressEnd - address > <usize>MAX_ADDRESS_BYTES) return;
  ownAddressBytes = <i32>(addressEnd - address);
  memory.copy(ownAddress, address, ownAddressBytes);
}
