/**
 * The plugin's metrics among Envoy's own statistics. All VMs of the process add to the same metrics. They are updated
 * once per tick: an update with each request would cost it a call to the host.
 */
import { addToMetric, COUNTER, defineMetric, GAUGE, setMetric } from '../abi/host';
import { ejections, readmissions } from '../pick/ejection';
import { overStreamLimit, picks, withoutReplica, withoutTable } from '../outbound/request';
import { isTableValid, tableNumber, tableReceivedAt } from '../table/news';
import { replicasLeftOut, servicesHeld, servicesLeftOut } from '../table/table';
import { interestLeftOut } from './interest';

const COUNTERS: i32 = 6;
const counters = new StaticArray<i32>(COUNTERS);
/** Value of each counter as Envoy has it. */
const added = new StaticArray<u64>(COUNTERS);
let version: i32 = -1;
let age: i32 = -1;
let held: i32 = -1;
let servicesOver: i32 = -1;
let replicasOver: i32 = -1;

/** Call it once, when the VM starts. */
export function defineMetrics(): void {
  counters[0] = defineMetric(COUNTER, String.UTF8.encode('ballast_picks_total'));
  counters[1] = defineMetric(COUNTER, String.UTF8.encode('ballast_fallbacks_without_table_total'));
  counters[2] = defineMetric(COUNTER, String.UTF8.encode('ballast_fallbacks_without_replica_total'));
  counters[3] = defineMetric(COUNTER, String.UTF8.encode('ballast_fallbacks_over_stream_limit_total'));
  counters[4] = defineMetric(COUNTER, String.UTF8.encode('ballast_ejections_total'));
  counters[5] = defineMetric(COUNTER, String.UTF8.encode('ballast_readmissions_total'));
  version = defineMetric(GAUGE, String.UTF8.encode('ballast_table_version'));
  age = defineMetric(GAUGE, String.UTF8.encode('ballast_table_age_seconds'));
  held = defineMetric(GAUGE, String.UTF8.encode('ballast_services_held'));
  servicesOver = defineMetric(GAUGE, String.UTF8.encode('ballast_services_over_limit'));
  replicasOver = defineMetric(GAUGE, String.UTF8.encode('ballast_replicas_over_limit'));
}

function add(counter: i32, value: u64): void {
  if (value == added[counter]) return;
  addToMetric(counters[counter], <i64>(value - added[counter]));
  added[counter] = value;
}

/** Adds what this VM has counted since the last call. */
export function updateCounters(): void {
  add(0, picks);
  add(1, withoutTable);
  add(2, withoutReplica);
  add(3, overStreamLimit);
  add(4, ejections);
  add(5, readmissions);
}

/** Sets the gauges of the whole process. Only the VM with the lease calls it. */
export function updateGauges(now: f64): void {
  setMetric(version, isTableValid(now) ? tableNumber : 0);
  setMetric(age, tableReceivedAt == 0 ? 0 : <u64>max((now - tableReceivedAt) * 0.001, 0));
  setMetric(held, servicesHeld);
  setMetric(servicesOver, servicesLeftOut + interestLeftOut);
  setMetric(replicasOver, replicasLeftOut);
}
