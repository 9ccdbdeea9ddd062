/**
 * The load report of ORCA (Open Request Cost Aggregation) in its text form, by which Envoy's own client-side weighted
 * round robin weighs replicas. Written at each tick, so that a response only has to carry it.
 */
import { at } from './abi';
import { writeThousandths } from './bytes';
import { cpuUtilisation } from './own-replica';
import { failureRate, requestRate } from './process-load';

export const ORCA_HEADER = String.UTF8.encode('endpoint-load-metrics');
const REQUESTS = String.UTF8.encode('TEXT rps_fractional=');
const FAILURES = String.UTF8.encode(',eps=');
const CPU = String.UTF8.encode(',cpu_utilization=');

export const orcaReport: usize = memory.data(160);
export let orcaReportBytes: i32 = 0;

function put(name: ArrayBuffer, value: f64): void {
  memory.copy(orcaReport + orcaReportBytes, at(name), name.byteLength);
  orcaReportBytes += name.byteLength;
  orcaReportBytes += writeThousandths(value, orcaReport + orcaReportBytes);
}

/** Writes the report anew. `isFresh`: the table that the CPU utilisation is from is still in force. */
export function writeOrcaReport(isFresh: bool): void {
  orcaReportBytes = 0;
  put(REQUESTS, requestRate);
  put(FAILURES, failureRate);
  if (isFresh && cpuUtilisation > 0) put(CPU, cpuUtilisation);
}
