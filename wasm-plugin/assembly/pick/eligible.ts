/** Replicas that requests of a service are drawn from: listed, of positive weight, not ejected. */
import { MAX_SERVICES } from '../abi/limits';
import { replicaAt } from '../table/replicas';
import { firstMember, isStale, memberCount, members } from '../table/services';
import { buildAliasTable, putEntry } from './alias-table';
import { renewScore } from './score';

/** Eligible replicas of a service; their entries in the alias table begin at the service's `firstMember`. */
export const eligibleCount = new StaticArray<i32>(MAX_SERVICES);
/** When the first of its ejected replicas may be probed; Infinity when none is ejected. */
export const nextProbeAt = new StaticArray<f64>(MAX_SERVICES);

/** Rebuilds what a service's picks are drawn from. Call it after a table or an ejection changed the service. */
export function rebuildEligible(service: i32): void {
  const first = firstMember[service];
  let count = 0;
  let sum: f64 = 0;
  let probeAt: f64 = Infinity;
  for (let i = 0; i < memberCount[service]; i++) {
    const slot = members[first + i];
    const replica = replicaAt(slot);
    replica.place = -1;
    // A replica of weight 0 gets no probes either.
    if (!(replica.weight > 0)) continue;
    if (replica.ejected) {
      probeAt = min(probeAt, replica.retryAt);
    } else {
      sum += replica.weight;
      putEntry(first + count, slot, replica.weight);
      replica.place = first + count;
      renewScore(replica);
      count++;
    }
  }
  buildAliasTable(first, count, sum);
  isStale[service] = false;
  eligibleCount[service] = count;
  nextProbeAt[service] = probeAt;
}
