/** The work of a tick. */
import { usesOrca } from '../abi/roots';
import { writeOrcaReport } from '../inbound/orca';
import { shareLoad } from '../inbound/process-load';
import { syncEjections } from '../pick/ejection';
import { startProbes } from '../pick/probe';
import { renewScores } from '../pick/score';
import { tableExpiresAt } from '../table/table';
import { poll, postStatistics } from './agent-link';
import { holdsLease } from './lease';
import { updateCounters, updateGauges } from './metrics';
import { syncTable } from './shared-table';

/** Does what is due at a tick of VM `me`. The VM with the lease also works for the others of the process. */
export function onTick(me: u64, now: f64): void {
  syncEjections(syncTable(now));
  renewScores(now);
  shareLoad(me, now);
  if (usesOrca) writeOrcaReport(now < tableExpiresAt);
  postStatistics(now);
  updateCounters();
  if (!holdsLease(me, now)) return;
  updateGauges(now);
  poll(now);
  startProbes(now);
}
