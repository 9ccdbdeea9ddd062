/** Reports in, windows out. Holds the last counters of every agent, and nothing else. */
import type { NodeInventory } from '../../contract/node-inventory.ts';
import type { NodeReport } from '../../contract/node-report.ts';
import type { AgentReport } from '../../contract/report.ts';
import type { Failure } from '../../contract/errors.ts';
import type { Result } from '../../contract/result.ts';
import { type Accepted, type Ejection, NodeCounters, type ProxyStatus } from './node-counters.ts';
import { OldReports } from './v1/old-reports.ts';

/**
 * An agent that was silent for longer starts anew, whatever its counters are. So a reset counter, or a controller that
 * slept, does not shut a node out for good.
 */
const FORGET_NODE_MS = 30_000;

/** How often all nodes are checked for silence: a large fleet reports thousands of times a second. */
const CHECK_MS = 1_000;

export class Collector {
  readonly #nodes = new Map<string, NodeCounters>();
  readonly #old = new OldReports();
  #checkedAt = -Infinity;

  /** Subtracts the report from the one before it. A refused report changes nothing. */
  accept(report: NodeReport, knownNodes: ReadonlySet<string>, now: number): Result<Accepted> {
    const { node } = report;
    if (!knownNodes.has(node)) return { ok: false, failure: unknown(node) };
    this.#forgetSilent(now);
    const known = this.#nodes.get(node);
    const counters = known && known.lastSeen >= now - FORGET_NODE_MS ? known : new NodeCounters(node);
    const accepted = counters.accept(report, now);
    if (accepted.ok) {
      this.#nodes.set(node, counters);
      this.#old.forget(node);
    }
    return accepted;
  }

  /** Likewise for a report of an agent of the version before. */
  acceptOld(report: AgentReport, knownNodes: ReadonlySet<string>, now: number): Result<Accepted> {
    const { node } = report;
    if (!knownNodes.has(node)) return { ok: false, failure: unknown(node) };
    this.#forgetSilent(now);
    const accepted = this.#old.accept(report, now - FORGET_NODE_MS, now);
    if (accepted.ok) this.#nodes.delete(node);
    return accepted;
  }

  /** When the node's agent last reported, ms of the controller's clock. */
  lastSeen(node: string): number | undefined {
    return this.#nodes.get(node)?.lastSeen ?? this.#old.lastSeen(node);
  }

  /** What the node is made of; undefined: its agent has not said it. */
  inventory(node: string): NodeInventory | undefined {
    return this.#nodes.get(node)?.inventory;
  }

  /** Version that every proxy of the node uses; undefined: unknown. */
  usedVersion(node: string): number | undefined {
    return this.#nodes.get(node)?.used;
  }

  proxies(): ProxyStatus[] {
    const proxies = [...this.#old.proxies()];
    for (const node of this.#nodes.values()) proxies.push(...node.proxies());
    return proxies;
  }

  ejections(): Ejection[] {
    const ejections = [...this.#old.ejections()];
    for (const node of this.#nodes.values()) ejections.push(...node.ejections());
    return ejections;
  }

  /** Forgets everything. */
  clear(): void {
    this.#nodes.clear();
    this.#old.clear();
  }

  #forgetSilent(now: number): void {
    if (now - this.#checkedAt < CHECK_MS) return;
    this.#checkedAt = now;
    const since = now - FORGET_NODE_MS;
    for (const [node, { lastSeen }] of this.#nodes) if (lastSeen < since) this.#nodes.delete(node);
    this.#old.forgetSilent(since, now);
  }
}

function unknown(node: string): Failure {
  return { code: 'UNKNOWN_NODE', message: `node: the cluster has no node ${node}` };
}
