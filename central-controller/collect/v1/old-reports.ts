/**
 * Reports of agents of the version before, which send the counters of each VM. The next version drops this folder.
 */
import { qualifiedName } from '../../../contract/names.ts';
import type { AgentReport } from '../../../contract/report.ts';
import { type Result, success } from '../../../contract/result.ts';
import type { Window } from '../../model/windows.ts';
import type { Accepted, Ejection, ProxyStatus } from '../node-counters.ts';
import { NodeSeries } from './node-series.ts';
import { PodSeries } from './pod-series.ts';

export class OldReports {
  readonly #nodes = new Map<string, NodeSeries>();
  readonly #pods = new Map<string, PodSeries>();

  /**
   * A refused report changes nothing.
   *
   * @param since a node that has been silent since then starts anew
   */
  accept(report: AgentReport, since: number, now: number): Result<Accepted> {
    const known = this.#nodes.get(report.node);
    const series = known && known.lastSeen >= since ? known : new NodeSeries();
    const advanced = series.advance(report, now);
    if (!advanced.ok) return advanced;
    this.#nodes.set(report.node, series);
    const { window, fallen: fallenOfReplicas } = advanced.value;
    const windows: Window[] = window ? [{ kind: 'node', ...window }] : [];
    const fallen = [...fallenOfReplicas];
    const touched = new Set<PodSeries>();
    for (const counters of report.proxies) {
      const pod = this.#pod(counters.namespace, counters.pod, now);
      fallen.push(...pod.accept(counters, report.node, now));
      touched.add(pod);
    }
    for (const pod of touched) windows.push(...pod.close(now));
    return success({ windows, fallen });
  }

  lastSeen(node: string): number | undefined {
    return this.#nodes.get(node)?.lastSeen;
  }

  /** One entry per pod, whose table is the oldest of its VMs. */
  *proxies(): Iterable<ProxyStatus> {
    for (const series of this.#pods.values()) {
      const status = series.status();
      if (status) yield status;
    }
  }

  /** One entry for each VM that leaves a replica out. */
  *ejections(): Iterable<Ejection> {
    for (const series of this.#pods.values()) {
      for (const { counters } of series.vms()) {
        for (const { ejected, service, replica } of counters.called) {
          if (ejected) yield { service, replica, proxies: 1 };
        }
      }
    }
  }

  /** Forgets a node and the pods on it. */
  forget(node: string): void {
    if (!this.#nodes.delete(node)) return;
    for (const [key, series] of this.#pods) if (series.status()?.node === node) this.#pods.delete(key);
  }

  /** Forgets nodes that have been silent since then, and proxies that are gone. */
  forgetSilent(since: number, now: number): void {
    for (const [node, { lastSeen }] of this.#nodes) if (lastSeen < since) this.#nodes.delete(node);
    for (const [key, pod] of this.#pods) if (pod.forgetSilent(now)) this.#pods.delete(key);
  }

  clear(): void {
    this.#nodes.clear();
    this.#pods.clear();
  }

  #pod(namespace: string, pod: string, now: number): PodSeries {
    const key = qualifiedName({ namespace, name: pod });
    const known = this.#pods.get(key);
    if (known?.forgetSilent(now) === false) return known;
    const series = new PodSeries(namespace, pod, now);
    this.#pods.set(key, series);
    return series;
  }
}
