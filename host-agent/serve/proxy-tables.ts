/** All that the proxies of this node are given, and what follows for them from each line of the controller. */
import type { Change, HeldAssignments } from '../uplink/held-assignments.ts';
import { Interest } from './interest.ts';
import { OldPlugins } from './old-plugin.ts';
import { ServiceBlocks } from './service-blocks.ts';
import { SyncAnswers } from './sync.ts';
import { TableStore } from './table-store.ts';

/** Requests of proxies that wait at the same time, of each version of the plugin. */
const MAX_WAITING = 4000;

export class ProxyTables {
  readonly answers: SyncAnswers;
  readonly oldPlugins: OldPlugins;
  readonly #held: HeldAssignments;
  readonly #now: () => number;
  readonly #interest = new Interest();
  readonly #blocks: ServiceBlocks;
  readonly #table: TableStore;

  /**
   * @param wallClockMs time since 1970 at the start of the process
   * @param onNewInterest proxies want services that no proxy wanted before
   */
  constructor(held: HeldAssignments, now: () => number, wallClockMs: number, onNewInterest: () => void) {
    this.#held = held;
    this.#now = now;
    this.#blocks = new ServiceBlocks(held, wallClockMs);
    this.#table = new TableStore(held, wallClockMs);
    this.answers = new SyncAnswers(
      { held, blocks: this.#blocks, interest: this.#interest, now, onNewInterest },
      MAX_WAITING,
    );
    this.oldPlugins = new OldPlugins(this.#table, now, MAX_WAITING, onNewInterest);
  }

  /** Services that some proxy of the node wants. */
  get wanted(): Iterable<string> {
    return this.#interest.wanted;
  }

  /** Some proxy wants all services. */
  get wantsAll(): boolean {
    return this.oldPlugins.isPresent;
  }

  get wantedServices(): number {
    return this.#interest.size;
  }

  /** Requests that wait for news. */
  get waiting(): number {
    return this.answers.size + this.oldPlugins.waiting;
  }

  /** Version of the table that plugins of the version before are given; 0: none yet. */
  get tableVersion(): number {
    return this.#table.version ?? 0;
  }

  /** Bytes of all services that proxies here want. */
  get bytes(): number {
    return this.#blocks.bytes;
  }

  /** The controller's version that every proxy of the node uses. */
  get usedVersion(): number {
    return this.oldPlugins.usedVersion(this.#interest.used(this.#held.version, this.#now()));
  }

  /** The controller's version that the proxy of a pod uses. */
  versionUsedBy(pod: string): number {
    return this.#interest.usedBy(pod, this.#held.version);
  }

  /** A line changed the assignments, which were of `versionBefore`. */
  changed(change: Change, versionBefore: number): void {
    this.#blocks.changed(change);
    this.#interest.changed(change.services.keys(), versionBefore);
    this.answers.changed(change);
    if (this.#table.changed(change, this.#now())) this.oldPlugins.push();
  }

  /** Forgets all services but these. */
  retain(wanted: ReadonlySet<string>): void {
    this.#held.retain(wanted);
    this.#blocks.retain(wanted);
  }

  /** Does what has become due; true when all that was held has just expired. */
  tick(): boolean {
    const now = this.#now();
    const isExpired = this.#held.expire(now);
    if (isExpired) {
      this.#blocks.clear();
      this.#table.expired(now);
      this.answers.expired();
      this.oldPlugins.push();
    } else if (this.#table.tick(now)) {
      this.oldPlugins.push();
    }
    this.answers.tick();
    this.oldPlugins.tick();
    return isExpired;
  }

  /** Answers all that wait, so that proxies come back to the agent that follows. */
  close(): void {
    this.answers.close();
    this.oldPlugins.close();
  }
}
