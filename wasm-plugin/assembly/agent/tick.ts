/** The work of a tick. */
import { usesOrca } from '../abi/roots';
import { writeOrcaReport } from '../inbound/orca';
import { shareLoad } from '../inbound/process-load';
import { syncEligible } from '../pick/ejection';
import { startProbes } from '../pick/probe';
import { renewScores } from '../pick/score';
import { isTableValid } from '../table/news';
import { postStatistics, syncWhenDue } from './agent-link';
import { announceInterest, takeInterest } from './interest';
import { holdsLease } from './lease';
import { updateCounters, updateGauges } from './metrics';
import { syncTable } from './shared-table';

/** Does what is due at a tick of this VM. The VM with the lease also works for the others of the process. */
export function onTick(vm: u64, now: f64): void {
  syncTable(now);
  syncEligible();
  renewScores(now);
  shareLoad(vm, now);
  if (usesOrca) writeOrcaReport(isTableValid(now));
  updateCounters();
  announceInterest(now);
  if (!holdsLease(vm, now)) {
    postStatistics(now);
    return;
  }
  takeInterest(now);
  updateGauges(now);
  syncWhenDue(now);
  startProbes(now);
}
