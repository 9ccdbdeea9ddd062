/** What a controller knows of a node that takes its reports in order. */
import { Compile } from 'typebox/compile';
import {
  type CalledReplicaRow,
  type CalledRow,
  type EjectedRow,
  NodeReport,
  type PodCpuRow,
  type ProxyRow,
  type ServedRow,
} from '../../../contract/node-report.ts';

const Report = Compile(NodeReport);

/** A report of the stream, held to its schema. */
export function readReport(json: string | undefined): NodeReport {
  return Report.Parse(JSON.parse(json ?? 'null'));
}

export class ReportedNode {
  readonly reports: NodeReport[] = [];
  readonly pods = new Map<string, PodCpuRow>();
  /** All windows of a pod, oldest first. */
  readonly served = new Map<string, ServedRow[]>();
  readonly called = new Map<string, CalledRow>();
  readonly calledReplicas = new Map<string, CalledReplicaRow>();
  readonly proxies = new Map<string, ProxyRow>();
  ejected: readonly EjectedRow[] = [];

  take(report: NodeReport): this {
    this.reports.push(report);
    if (report.full) {
      for (const rows of [this.pods, this.called, this.calledReplicas, this.proxies]) rows.clear();
    }
    for (const row of report.pods ?? []) this.pods.set(row[0], row);
    for (const uid of report.gone ?? []) this.pods.delete(uid);
    for (const row of report.served ?? []) this.served.set(row[0], [...(this.served.get(row[0]) ?? []), row]);
    for (const row of report.called ?? []) this.called.set(row[0], row);
    for (const row of report.calledReplicas ?? []) this.calledReplicas.set(`${row[0]} ${row[1]}`, row);
    for (const row of report.proxies ?? []) this.proxies.set(row[0], row);
    for (const pod of report.proxiesGone ?? []) this.proxies.delete(pod);
    this.ejected = report.ejected ?? this.ejected;
    return this;
  }

  /** Takes the reports that it has not taken yet. */
  takeAll(reports: readonly string[]): this {
    for (const json of reports.slice(this.reports.length)) this.take(readReport(json));
    return this;
  }
}
