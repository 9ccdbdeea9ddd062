/**
 * The load report of ORCA (Open Request Cost Aggregation) in its text form. Envoy's client-side weighted round robin
 * weighs replicas by it. It is written at each tick, so that a response only has to carry it.
 */
import { at } from '../abi/host';
import { writeMillionths } from '../abi/bytes';
import { cpuUtilisation } from '../table/news';
import { failureRate, RATE_TIME_MS, requestRate } from './process-load';

const REQUESTS = String.UTF8.encode('TEXT rps_fractional=');
const FAILURES = String.UTF8.encode(',eps=');
const CPU = String.UTF8.encode(',cpu_utilization=');

/** The request whose response carries the report, as a rate. */
const ONE_REQUEST: f64 = 1000 / RATE_TIME_MS;
/**
 * The least that is reported. Envoy ignores a report in which the utilisation is 0, and weighs a replica by its request
 * rate over its utilisation: a millionth would give an idle replica nearly all requests.
 */
const MIN_UTILISATION: f64 = 0.01;

export const orcaReport: usize = memory.data(160);
export let orcaReportBytes: i32 = 0;

function put(name: ArrayBuffer, value: f64): void {
  memory.copy(orcaReport + orcaReportBytes, at(name), name.byteLength);
  orcaReportBytes += name.byteLength;
  orcaReportBytes += writeMillionths(value, orcaReport + orcaReportBytes);
}

/** Rewrites the report. `isFresh`: the table that the CPU utilisation is from is still in force. */
export function writeOrcaReport(isFresh: bool): void {
  orcaReportBytes = 0;
  put(REQUESTS, max(requestRate, ONE_REQUEST));
  put(FAILURES, failureRate);
  if (isFresh && cpuUtilisation > 0) put(CPU, max(cpuUtilisation, MIN_UTILISATION));
}
