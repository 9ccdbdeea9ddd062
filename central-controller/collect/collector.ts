/** Reports in, windows out. Holds the last counters of every agent and proxy, and nothing else. */
import { qualifiedName } from '../../contract/names.ts';
import type { AgentReport } from '../../contract/report.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import { NodeSeries } from './node-series.ts';
import { PodSeries } from './pod-series.ts';
import type { Window } from '../model/windows.ts';

/**
 * An agent that was silent for longer starts anew, whatever its counters say: what made its reports refused (a
 * counter that was reset, a controller that slept) ends by itself then.
 */
const FORGET_NODE_MS = 30_000;

/** How often all are looked through for those that went silent: a large fleet reports thousands of times a second. */
const LOOK_MS = 1_000;

export interface Accepted {
  readonly windows: readonly Window[];
  /** Counters of replicas and proxies that fell, by name; each starts anew. */
  readonly fallen: readonly string[];
}

/** One VM of the plugin, and the table it decides by. */
export interface ProxyStatus {
  readonly node: string;
  readonly namespace: string;
  readonly pod: string;
  readonly instance: string;
  readonly tableVersion: number;
  /** When the version was first reported, ms of the controller's clock. */
  readonly tableSince: number;
  readonly fallbacks: number;
  readonly receivedAt: number;
}

/** A replica that one proxy leaves out just now. */
export interface Ejection {
  /** Proxy key, `<port>|<host>`. */
  readonly service: string;
  readonly replica: string;
}

export class Collector {
  readonly #nodes = new Map<string, NodeSeries>();
  readonly #pods = new Map<string, PodSeries>();
  #lookedAt = -Infinity;

  /**
   * Subtracts the report from the one before it. `report` has passed its schema; what is left to refuse is a node that
   * the cluster does not know and counters or clocks that run backwards. A refused report changes nothing.
   */
  accept(report: AgentReport, knownNodes: ReadonlySet<string>, now: number): Result<Accepted> {
    if (!knownNodes.has(report.node)) {
      return failure('UNKNOWN_NODE', `node: the cluster has no node ${report.node}`);
    }
    if (now - this.#lookedAt >= LOOK_MS) this.#forgetSilent(now);
    const series = this.#node(report.node, now);
    const advanced = series.advance(report, now);
    if (!advanced.ok) return advanced;
    this.#nodes.set(report.node, series);
    const { window } = advanced.value;
    const windows: Window[] = window ? [{ kind: 'node', ...window }] : [];
    const fallen = [...advanced.value.fallen];
    const touched = new Set<PodSeries>();
    for (const counters of report.proxies) {
      const pod = this.#pod(counters.namespace, counters.pod, now);
      fallen.push(...pod.accept(counters, report.node, now));
      touched.add(pod);
    }
    for (const pod of touched) windows.push(...pod.close(now));
    return success({ windows, fallen });
  }

  /** When the node's agent was last heard, ms of the controller's clock. */
  lastSeen(node: string): number | undefined {
    return this.#nodes.get(node)?.lastSeen;
  }

  proxies(): ProxyStatus[] {
    return [...this.#pods.values()].flatMap((series) =>
      [...series.vms()].map(({ node, counters, tableSince, receivedAt }) => {
        const { namespace, pod, instance, tableVersion, fallbacks } = counters;
        return { node, namespace, pod, instance, tableVersion, tableSince, fallbacks, receivedAt };
      }),
    );
  }

  /** Replicas that proxies leave out, as these last said; one entry for each proxy that does. */
  ejections(): Ejection[] {
    return [...this.#pods.values()].flatMap((series) =>
      [...series.vms()].flatMap(({ counters }) =>
        counters.called.filter(({ ejected }) => ejected).map(({ service, replica }) => ({ service, replica })),
      ),
    );
  }

  /** Forgets everything. */
  clear(): void {
    this.#nodes.clear();
    this.#pods.clear();
  }

  #node(node: string, now: number): NodeSeries {
    const known = this.#nodes.get(node);
    return known === undefined || isSilent(known, now) ? new NodeSeries() : known;
  }

  #pod(namespace: string, pod: string, now: number): PodSeries {
    const key = qualifiedName({ namespace, name: pod });
    const known = this.#pods.get(key);
    if (known?.forgetSilent(now) === false) return known;
    const series = new PodSeries(namespace, pod, now);
    this.#pods.set(key, series);
    return series;
  }

  #forgetSilent(now: number): void {
    this.#lookedAt = now;
    for (const [node, series] of this.#nodes) if (isSilent(series, now)) this.#nodes.delete(node);
    for (const [key, pod] of this.#pods) if (pod.forgetSilent(now)) this.#pods.delete(key);
  }
}

function isSilent({ lastSeen }: NodeSeries, now: number): boolean {
  return now - lastSeen > FORGET_NODE_MS;
}
