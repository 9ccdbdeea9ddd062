/**
 * Connections of agents of the version before (`GET /agent/v1/assignments`): each gets every service, with the CPU
 * utilisation of each replica. The next version drops this file.
 */
import { type AssignmentUpdate, type PodCpuGrant, VALID_FOR_MS } from '../../../contract/assignment.ts';
import type { Subscriber } from '../agent-stream.ts';
import type { NodeGrants } from '../node-grants.ts';
import { UTILISATION_MOVE } from '../node-utilisation.ts';
import type { PublishedService } from '../published-service.ts';

const NO_GRANTS: readonly PodCpuGrant[] = [];

/** What a line changes; `all`: it holds everything. */
export type OldChange = 'all' | { readonly services: readonly PublishedService[]; readonly removed: readonly string[] };

export const NO_CHANGE: OldChange = { services: [], removed: [] };

/** What all lines of one tick have in common. */
export interface OldTick {
  readonly version: number;
  /** The leader has learnt every service. */
  readonly publishesAll: boolean;
  readonly services: Iterable<PublishedService>;
  readonly grants: NodeGrants;
  readonly now: number;
}

interface Connection {
  blockedSince: number | undefined;
  /** A change was left out meanwhile. */
  missed: boolean;
  /** The CPU grants that were sent last. */
  granted: readonly PodCpuGrant[];
}

export class OldStreams {
  readonly #connections = new Map<Subscriber, Connection>();
  readonly #sentUtilisation = new Map<PublishedService, Float64Array>();
  /** The line that all agents get of a change; grants of their own are appended. */
  #line:
    | { readonly change: OldChange; readonly version: number; readonly publishesAll: boolean; readonly text: string }
    | undefined;

  get subscribers(): Iterable<Subscriber> {
    return this.#connections.keys();
  }

  get size(): number {
    return this.#connections.size;
  }

  add(subscriber: Subscriber): void {
    this.#connections.set(subscriber, { blockedSince: undefined, missed: false, granted: NO_GRANTS });
  }

  has(subscriber: Subscriber): boolean {
    return this.#connections.has(subscriber);
  }

  delete(subscriber: Subscriber): void {
    this.#connections.delete(subscriber);
  }

  clear(): void {
    for (const subscriber of this.#connections.keys()) subscriber.close();
    this.#connections.clear();
    this.#sentUtilisation.clear();
    this.#line = undefined;
  }

  /** Services of which some replica's utilisation moved far since it was sent, and that are not in `version` anyway. */
  utilisationMoved(services: Iterable<PublishedService>, version: number): PublishedService[] {
    if (this.size === 0) return [];
    return [...services].filter((service) => {
      if (service.version === version) return false;
      const sent = this.#sentUtilisation.get(service);
      for (let at = 0; at < service.size; at++) {
        if (Math.abs((service.utilisationAt(at) ?? 0) - (sent?.[at] ?? 0)) > UTILISATION_MOVE) return true;
      }
      return false;
    });
  }

  broadcast(change: OldChange, tick: OldTick): void {
    for (const [subscriber, connection] of this.#connections) {
      if (connection.blockedSince === undefined) {
        this.#send(subscriber, connection, change, tick);
        continue;
      }
      connection.missed = true;
      if (tick.now - connection.blockedSince > VALID_FOR_MS) {
        this.#connections.delete(subscriber);
        subscriber.close();
      }
    }
  }

  /** Grants concern one agent each, and no proxy: they go out at once, without a version of their own. */
  sendNewGrants(tick: OldTick): void {
    for (const [subscriber, connection] of this.#connections) {
      if (connection.granted === (tick.grants.get(subscriber.node) ?? NO_GRANTS)) continue;
      if (connection.blockedSince === undefined) this.#send(subscriber, connection, NO_CHANGE, tick);
      else connection.missed = true;
    }
  }

  sendAll(subscriber: Subscriber, tick: OldTick): void {
    const connection = this.#connections.get(subscriber);
    if (connection) this.#send(subscriber, connection, 'all', tick);
  }

  /** The agent can take lines again. If it missed something, it gets everything. */
  drained(subscriber: Subscriber, tick: OldTick): void {
    const connection = this.#connections.get(subscriber);
    if (connection?.blockedSince === undefined) return;
    connection.blockedSince = undefined;
    if (connection.missed) this.#send(subscriber, connection, 'all', tick);
  }

  #send(subscriber: Subscriber, connection: Connection, change: OldChange, tick: OldTick): void {
    const grants = tick.grants.get(subscriber.node) ?? NO_GRANTS;
    const isNews = change === 'all' ? grants !== NO_GRANTS : grants !== connection.granted;
    const shared = this.#lineOf(change, tick);
    const line = isNews && tick.publishesAll ? `${shared.slice(0, -2)},"cpu":${JSON.stringify(grants)}}\n` : shared;
    connection.granted = grants;
    connection.missed = false;
    if (!subscriber.write(line)) connection.blockedSince = tick.now;
  }

  #lineOf(change: OldChange, { version, publishesAll, services: all }: OldTick): string {
    const known = this.#line;
    if (known?.change === change && known.version === version && known.publishesAll === publishesAll) return known.text;
    const services = change === 'all' ? [...all] : change.services;
    for (const service of services) this.#noteUtilisation(service);
    const update: AssignmentUpdate = {
      version,
      ...(publishesAll ? { full: change === 'all' } : { full: false, partial: true }),
      validForMs: VALID_FOR_MS,
      services: services.map((service) => service.assignment()),
      removed: change === 'all' ? [] : [...change.removed],
    };
    const text = `${JSON.stringify(update)}\n`;
    this.#line = { change, version, publishesAll, text };
    return text;
  }

  #noteUtilisation(service: PublishedService): void {
    const sent = new Float64Array(service.size);
    for (let at = 0; at < sent.length; at++) sent[at] = service.utilisationAt(at) ?? 0;
    this.#sentUtilisation.set(service, sent);
  }
}
