/** What the proxies of the node saw of the services that they call, added up, and which replicas they leave out. */
import type { CalledReplicaRow, CalledRow, EjectedRow } from '../../contract/node-report.ts';
import { type Counters, CounterSum, roundSeconds } from './counters.ts';

/** Services of one node, so that no pod can fill the memory with names. */
const MAX_SERVICES = 20_000;

export class CalledSums {
  readonly #services = new Map<string, CounterSum>();
  /** By service and replica, of the services that the controller wants to see replica by replica. */
  readonly #replicas = new Map<string, Map<string, CounterSum>>();
  #reportedInDetail: ReadonlySet<string> = new Set();

  /** The services whose replicas are counted one by one, from now on. */
  setDetail(detail: ReadonlySet<string>): void {
    if (detail === this.#reportedInDetail) return;
    this.#reportedInDetail = detail;
    for (const service of this.#replicas.keys()) if (!detail.has(service)) this.#replicas.delete(service);
  }

  add(service: string, replica: string, next: Counters, before: Counters | undefined): void {
    let sum = this.#services.get(service);
    if (sum === undefined) {
      if (this.#services.size >= MAX_SERVICES) return;
      sum = new CounterSum();
      this.#services.set(service, sum);
    }
    sum.add(next, before);
    if (!this.#reportedInDetail.has(service)) return;
    const replicas = this.#replicas.get(service) ?? new Map<string, CounterSum>();
    this.#replicas.set(service, replicas);
    const own = replicas.get(replica) ?? new CounterSum();
    replicas.set(replica, own);
    own.add(next, before);
  }

  /** Rows that changed, or all of them. */
  take(full: boolean): CalledRow[] {
    const rows: CalledRow[] = [];
    for (const [service, sum] of this.#services) {
      if (full || sum.isChanged) rows.push([service, ...amounts(sum)]);
      sum.isChanged = false;
    }
    return rows;
  }

  takeReplicas(full: boolean): CalledReplicaRow[] {
    const rows: CalledReplicaRow[] = [];
    for (const [service, replicas] of this.#replicas) {
      for (const [replica, sum] of replicas) {
        if (full || sum.isChanged) rows.push([service, replica, ...amounts(sum)]);
        sum.isChanged = false;
      }
    }
    return rows;
  }

  /** Forgets services that no VM names. The controller forgets them with the next full report, so that none falls. */
  retain(named: ReadonlySet<string>): void {
    for (const service of this.#services.keys()) if (!named.has(service)) this.#services.delete(service);
    for (const service of this.#replicas.keys()) if (!named.has(service)) this.#replicas.delete(service);
  }
}

function amounts({ requests, failures, unreached, answered, seconds }: CounterSum) {
  return [requests, failures, unreached, answered, roundSeconds(seconds)] as const;
}

/** How many proxies leave each replica out. `proxies`: of each proxy what it leaves out, as service and replica. */
export function ejectedRows(proxies: Iterable<Iterable<readonly [service: string, replica: string]>>): EjectedRow[] {
  const rows = new Map<string, EjectedRow>();
  for (const proxy of proxies) {
    const own = new Set<string>();
    for (const [service, replica] of proxy) {
      const key = `${service}\n${replica}`;
      if (own.has(key)) continue;
      own.add(key);
      const [, , count] = rows.get(key) ?? [service, replica, 0];
      rows.set(key, [service, replica, count + 1]);
    }
  }
  return [...rows.values()];
}
