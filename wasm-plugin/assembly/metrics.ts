/**
 * The plugin's figures among Envoy's own statistics. All VMs of the process add to the same metrics. They are brought
 * up to date once per tick and not with each request, which would cost it a call to the host for each.
 */
import { addToMetric, COUNTER, defineMetric, GAUGE, setMetric } from './abi';
import { ejections, readmissions } from './ejection';
import { overStreamLimit, picks, withoutReplica, withoutTable } from './outbound';
import { replicasLeftOut, servicesLeftOut, tableExpiresAt, tableReceivedAt, tableVersion } from './table';

const COUNTERS: i32 = 6;
const counters = new StaticArray<i32>(COUNTERS);
/** Value of each counter that Envoy has been told. */
const told = new StaticArray<u64>(COUNTERS);
let version: i32 = -1;
let age: i32 = -1;
let servicesOver: i32 = -1;
let replicasOver: i32 = -1;

/** To be called once, when the VM starts. */
export function defineMetrics(): void {
  counters[0] = defineMetric(COUNTER, String.UTF8.encode('ballast_picks_total'));
  counters[1] = defineMetric(COUNTER, String.UTF8.encode('ballast_fallbacks_without_table_total'));
  counters[2] = defineMetric(COUNTER, String.UTF8.encode('ballast_fallbacks_without_replica_total'));
  counters[3] = defineMetric(COUNTER, String.UTF8.encode('ballast_fallbacks_over_stream_limit_total'));
  counters[4] = defineMetric(COUNTER, String.UTF8.encode('ballast_ejections_total'));
  counters[5] = defineMetric(COUNTER, String.UTF8.encode('ballast_readmissions_total'));
  version = defineMetric(GAUGE, String.UTF8.encode('ballast_table_version'));
  age = defineMetric(GAUGE, String.UTF8.encode('ballast_table_age_seconds'));
  servicesOver = defineMetric(GAUGE, String.UTF8.encode('ballast_services_over_limit'));
  replicasOver = defineMetric(GAUGE, String.UTF8.encode('ballast_replicas_over_limit'));
}

function tell(counter: i32, value: u64): void {
  if (value == told[counter]) return;
  addToMetric(counters[counter], <i64>(value - told[counter]));
  told[counter] = value;
}

/** Adds what this VM counted since the last time. */
export function tellCounters(): void {
  tell(0, picks);
  tell(1, withoutTable);
  tell(2, withoutReplica);
  tell(3, overStreamLimit);
  tell(4, ejections);
  tell(5, readmissions);
}

/** Sets what is true of the whole process; called by the one VM that holds the lease. */
export function tellTable(now: f64): void {
  setMetric(version, now < tableExpiresAt ? tableVersion : 0);
  setMetric(age, tableVersion == 0 ? 0 : <u64>max((now - tableReceivedAt) * 0.001, 0));
  setMetric(servicesOver, servicesLeftOut);
  setMetric(replicasOver, replicasLeftOut);
}
