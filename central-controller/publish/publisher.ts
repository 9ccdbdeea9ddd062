/** Versions the table and keeps every connected agent up to date with it. */
import { type AssignmentUpdate, type PodCpuGrant, VALID_FOR_MS } from '../../contract/assignment.ts';
import type { Decision } from '../../contract/decision.ts';
import type { Topology } from '../model/topology.ts';
import {
  type AssignmentTable,
  assignmentTable,
  changeBetween,
  isLearnt,
  type TableChange,
  utilisationDistance,
  weightDistance,
} from './assignment-table.ts';
import { type NodeGrants, nodeGrants } from './node-grants.ts';

const HEARTBEAT_MS = 1_000;
/**
 * Every version makes every proxy fetch the table. A weight that moved by this part of an equal share is worth that at
 * once; smaller moves, which never quite end while estimates are noisy, wait for the interval.
 */
const URGENT_MOVE = 0.1;
/**
 * CPU utilisation concerns its own replica's sidecar alone, which passes it on, and differs each time that it is read.
 * So it goes along with weights; only when some replica's moved by more than this does it make a version, after the
 * interval, lest sidecars pass on what is long past while weights rest.
 */
const TOLD_UTILISATION = 0.05;
const SMALL_CHANGES_MS = 3_000;
const HISTORY = 1024;

const NO_CHANGE: TableChange = { services: [], removed: [] };

/** One agent's connection. */
export interface Subscriber {
  readonly node: string;
  /** Takes a line; false when it can take no more for now. Then `Publisher.drained` says when it can. */
  write(line: string): boolean;
  /** Ends the connection; the agent is to come back. */
  close(): void;
}

interface Connection {
  /** Set while it can take no more; the line that made it so was still taken. */
  blockedSince: number | undefined;
  /** A change was left out meanwhile. */
  missed: boolean;
  /** The CPU grants that it was told of last. */
  granted: readonly PodCpuGrant[];
}

const NO_GRANTS: readonly PodCpuGrant[] = [];

/** A version that was published, so that its way to the proxies can be timed from outside. */
export interface PublishedVersion {
  readonly version: number;
  readonly tick: number;
  /** Controller's clock, ms since 1970. */
  readonly decidedAt: number;
  /** Some weight or replica differs from the version before; false: CPU utilisation only. */
  readonly weightsChanged: boolean;
}

/**
 * Whoever begins to lead knows nothing yet, and must not replace good weights by ignorance. So until enough is learnt of
 * every enforced service, or until whatever an earlier controller told the agents would have expired, only what is
 * learnt is published: agents keep the rest, and their time to do so is renewed.
 */
export class Publisher {
  #startedAt: number;
  readonly #connections = new Map<Subscriber, Connection>();
  #open = false;
  #table: AssignmentTable = new Map();
  #grants: NodeGrants = new Map();
  /** Lines of this version as most agents get them, by what they change; undefined: whole tables. */
  readonly #lines = new Map<TableChange | undefined, string>();
  #history: PublishedVersion[] = [];
  #publishedAt = -Infinity;
  #lineAt = -Infinity;

  constructor(now: number) {
    this.#startedAt = now;
  }

  /** Begins anew, as a controller that has just come to lead; versions go on rising. */
  begin(now: number): void {
    this.#startedAt = now;
    this.#open = false;
    this.#table = new Map();
    this.#grants = new Map();
    this.#lines.clear();
    this.#publishedAt = -Infinity;
    this.#lineAt = -Infinity;
  }

  /** Newest version, 0 before the first. */
  get version(): number {
    return this.#history.at(-1)?.version ?? 0;
  }

  /** Published versions, oldest first; only so many of the last ones. */
  get history(): readonly PublishedVersion[] {
    return this.#history;
  }

  /** Nodes whose agents are connected. */
  get connected(): readonly string[] {
    return [...this.#connections.keys()].map(({ node }) => node);
  }

  /** Takes a decision up; a version comes of it when something changed that agents need. */
  publish(decision: Decision, topology: Topology, now: number): void {
    const opening = !this.#open && this.#mayOpen(decision, now);
    if (opening) this.#open = true;
    if (this.#open) this.#grants = nodeGrants(decision, topology, this.#grants);
    const next = this.#open ? assignmentTable(decision, topology) : this.#withLearnt(decision, topology);
    const moved = opening ? Infinity : weightDistance(this.#table, next);
    const hasNews = moved > 0 || utilisationDistance(this.#table, next) > TOLD_UTILISATION;
    if (moved >= URGENT_MOVE || (hasNews && now - this.#publishedAt >= SMALL_CHANGES_MS)) {
      const change = opening ? undefined : changeBetween(this.#table, next);
      // Wall clock, so that it rises over restarts too.
      const version = Math.max(this.version + 1, Math.floor(decision.at));
      this.#table = next;
      this.#lines.clear();
      this.#publishedAt = now;
      this.#history.push({ version, tick: decision.tick, decidedAt: decision.at, weightsChanged: moved > 0 });
      if (this.#history.length > HISTORY) this.#history.shift();
      this.#broadcast(change, now);
    } else if (now - this.#lineAt >= HEARTBEAT_MS) {
      this.#broadcast(NO_CHANGE, now);
    } else {
      this.#sendNewGrants(now);
    }
  }

  /** Adds an agent; it gets everything at once, or with the first decision. */
  subscribe(subscriber: Subscriber, now: number): void {
    const connection = { blockedSince: undefined, missed: false, granted: NO_GRANTS };
    this.#connections.set(subscriber, connection);
    if (this.#lineAt > -Infinity) this.#send(subscriber, connection, undefined, now);
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#connections.delete(subscriber);
  }

  /** The agent can take lines again; what it missed is made up for by the whole table. */
  drained(subscriber: Subscriber, now: number): void {
    const connection = this.#connections.get(subscriber);
    if (connection?.blockedSince === undefined) return;
    connection.blockedSince = undefined;
    if (connection.missed) this.#send(subscriber, connection, undefined, now);
  }

  close(): void {
    for (const subscriber of this.#connections.keys()) subscriber.close();
    this.#connections.clear();
  }

  #mayOpen(decision: Decision, now: number): boolean {
    if (now - this.#startedAt >= VALID_FOR_MS) return true;
    return decision.services.every((service) => service.mode !== 'Enforce' || isLearnt(service));
  }

  /** What was published since the beginning and what is learnt now. */
  #withLearnt(decision: Decision, topology: Topology): AssignmentTable {
    const learnt = { ...decision, services: decision.services.filter(isLearnt) };
    return new Map([...this.#table, ...assignmentTable(learnt, topology)]);
  }

  #broadcast(change: TableChange | undefined, now: number): void {
    this.#lineAt = now;
    for (const [subscriber, connection] of this.#connections) {
      if (connection.blockedSince === undefined) {
        this.#send(subscriber, connection, change, now);
        continue;
      }
      connection.missed = true;
      if (now - connection.blockedSince > VALID_FOR_MS) {
        this.#connections.delete(subscriber);
        subscriber.close();
      }
    }
  }

  /** Grants concern one agent each, and no proxy: they go out at once, without a version of their own. */
  #sendNewGrants(now: number): void {
    for (const [subscriber, connection] of this.#connections) {
      if (connection.granted === (this.#grants.get(subscriber.node) ?? NO_GRANTS)) continue;
      if (connection.blockedSince === undefined) this.#send(subscriber, connection, NO_CHANGE, now);
      else connection.missed = true;
    }
  }

  /** Sends a change, or the whole table where there is none. */
  #send(subscriber: Subscriber, connection: Connection, change: TableChange | undefined, now: number): void {
    const grants = this.#grants.get(subscriber.node) ?? NO_GRANTS;
    const isNews = change === undefined ? grants !== NO_GRANTS : grants !== connection.granted;
    const shared = this.#line(change);
    const line = isNews && this.#open ? `${shared.slice(0, -2)},"cpu":${JSON.stringify(grants)}}\n` : shared;
    connection.granted = grants;
    connection.missed = false;
    if (!subscriber.write(line)) connection.blockedSince = now;
  }

  /** What every agent gets of a change, written once: in a large fleet it is long. Grants of its own are put at its end. */
  #line(change: TableChange | undefined): string {
    const known = this.#lines.get(change);
    if (known !== undefined) return known;
    const { services, removed } = change ?? { services: [...this.#table.values()], removed: [] };
    const update: AssignmentUpdate = {
      version: this.version || Math.max(1, Math.floor(this.#startedAt)),
      ...(this.#open ? { full: change === undefined } : { full: false, partial: true }),
      validForMs: VALID_FOR_MS,
      services: [...services],
      removed: [...removed],
    };
    const line = `${JSON.stringify(update)}\n`;
    this.#lines.set(change, line);
    return line;
  }
}
