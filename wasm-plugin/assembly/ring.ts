/** The last eight replicas of each service that answered here, the newest first. */
import { MAX_SERVICES } from './limits';

export const RING: i32 = 8;

const slots = new StaticArray<i32>(MAX_SERVICES * RING);
const times = new StaticArray<f64>(MAX_SERVICES * RING);
const lengths = new StaticArray<i32>(MAX_SERVICES);

export function ringLength(service: i32): i32 {
  return lengths[service];
}

export function ringSlot(service: i32, i: i32): i32 {
  return slots[service * RING + i];
}

export function ringTime(service: i32, i: i32): f64 {
  return times[service * RING + i];
}

/** Puts a replica in front; one that is in the ring already moves there. */
export function remember(service: i32, slot: i32, now: f64): void {
  const first = service * RING;
  let place = 0;
  while (place < lengths[service] && slots[first + place] != slot) place++;
  if (place == lengths[service]) {
    if (place < RING) lengths[service] = place + 1;
    else place = RING - 1;
  }
  for (; place > 0; place--) {
    slots[first + place] = slots[first + place - 1];
    times[first + place] = times[first + place - 1];
  }
  slots[first] = slot;
  times[first] = now;
}

/** Forgets all of a service: its slots may now mean other replicas. */
export function clearRing(service: i32): void {
  lengths[service] = 0;
}
