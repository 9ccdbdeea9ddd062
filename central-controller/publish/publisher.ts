/**
 * Publishes decisions: each service has a version of its own, and each agent gets the services that its node wants.
 *
 * A new leader starts without estimates and must not replace good weights with guesses. Until it has learnt every
 * enforced service, or until what an earlier leader published would have expired, it publishes only what it has learnt.
 * Agents keep the rest, and each line renews its validity.
 */
import { VALID_FOR_MS } from '../../contract/assignment.ts';
import type { Subscription } from '../../contract/assignment-stream.ts';
import type { Decision } from '../../contract/decision.ts';
import type { Topology } from '../model/topology.ts';
import { AgentStream, NO_NEWS, type NodeNews, type Subscriber } from './agent-stream.ts';
import { assignmentLine, heartbeat } from './lines.ts';
import { type NodeGrants, nodeGrants } from './node-grants.ts';
import { type NodeUtilisation, nodeUtilisation } from './node-utilisation.ts';
import { isLearnt, type Publication, ServiceStore } from './service-store.ts';
import { NO_CHANGE, OldStreams, type OldTick } from './v1/old-streams.ts';

const HEARTBEAT_MS = 1_000;

/** Small moves of all services go out at the same beat, so that they wake a proxy once. */
const BEAT_MS = 3_000;

/** Published versions that are kept. */
const HISTORY = 1_024;

/** A published version, so that its way to the proxies can be timed from outside. */
export interface PublishedVersion {
  readonly version: number;
  readonly tick: number;
  /** Controller's clock, ms since 1970. */
  readonly decidedAt: number;
  /** Some weight or replica changed; false: only CPU utilisation, for agents of the version before. */
  readonly weightsChanged: boolean;
}

export class Publisher {
  readonly #store = new ServiceStore();
  readonly #streams = new Map<Subscriber, AgentStream>();
  readonly #holders = new Map<string, Set<AgentStream>>();
  /** Streams that want all services. */
  readonly #wantAll = new Set<AgentStream>();
  readonly #old = new OldStreams();
  #startedAt: number;
  /** The leader has published since it became the leader. */
  #hasPublished = false;
  /** The leader publishes all services: it has learnt every enforced one, or what an earlier leader published has expired. */
  #publishesAll = false;
  #history: PublishedVersion[] = [];
  #beatAt = -Infinity;
  #oldLineAt = -Infinity;
  #grants: NodeGrants = new Map();
  #utilisation: NodeUtilisation = new Map();
  #reportedInDetail: ReadonlySet<string> = new Set();

  constructor(now: number) {
    this.#startedAt = now;
  }

  /** Starts again, for a controller that has just become the leader. Versions keep rising. */
  begin(now: number): void {
    this.#store.clear();
    this.#startedAt = now;
    this.#hasPublished = false;
    this.#publishesAll = false;
    this.#beatAt = -Infinity;
    this.#oldLineAt = -Infinity;
    this.#grants = new Map();
    this.#utilisation = new Map();
    this.#reportedInDetail = new Set();
  }

  /** Newest version, 0 before the first. */
  get version(): number {
    return this.#history.at(-1)?.version ?? 0;
  }

  /** Recent versions, oldest first. */
  get history(): readonly PublishedVersion[] {
    return this.#history;
  }

  /** Nodes whose agents are connected. */
  get connected(): readonly string[] {
    return [...this.#streams.keys(), ...this.#old.subscribers].map(({ node }) => node);
  }

  /** Connected nodes that want none of the services in the newest version. */
  get bystanders(): ReadonlySet<string> {
    const changed = new Set<AgentStream>(this.#wantAll);
    for (const service of this.#store.services) {
      if (service.version !== this.version) continue;
      for (const stream of this.#holders.get(service.key) ?? []) changed.add(stream);
    }
    const others = [...this.#streams.values()].filter((stream) => !changed.has(stream));
    return new Set(others.map(({ subscriber }) => subscriber.node));
  }

  /**
   * Publishes what the decision changes.
   *
   * @param detail services, `<namespace>/<name>`, whose called replicas agents are to report one by one
   */
  publish(decision: Decision, topology: Topology, now: number, detail = this.#reportedInDetail): void {
    const startsPublishingAll = !this.#publishesAll && this.#mayPublishAll(decision, now);
    if (startsPublishingAll) this.#publishesAll = true;
    const isBeat = now - this.#beatAt >= BEAT_MS;
    if (isBeat) this.#beatAt = now;
    const removed = this.#store.followTopology(topology);
    // Wall clock, so that versions rise over restarts, too.
    const version = Math.max(this.version + 1, Math.floor(decision.at));
    const isPublished = this.#publishesAll ? () => true : isLearnt;
    const publication = this.#store.publish(decision, isPublished, isBeat, version);
    const moved = isBeat ? this.#old.utilisationMoved(this.#store.services, version) : [];
    const weightsChanged = publication !== undefined || removed.length > 0;
    if (weightsChanged || moved.length > 0) {
      this.#history.push({ version, tick: decision.tick, decidedAt: decision.at, weightsChanged });
      if (this.#history.length > HISTORY) this.#history.shift();
    }
    if (this.#publishesAll) {
      this.#grants = nodeGrants(decision, topology, this.#grants);
      if (isBeat) this.#utilisation = nodeUtilisation(decision, this.#utilisation);
    }
    this.#reportedInDetail = detail;
    this.#hasPublished = true;
    this.#distribute(publication, removed);
    for (const stream of this.#streams.values()) this.#flush(stream, now);
    this.#publishOld(startsPublishingAll, { services: [...changedServices(publication), ...moved], removed }, now);
  }

  /**
   * Adds an agent. It gets its services at once, or with the first decision.
   *
   * @param subscription absent: an agent of the version before, which gets all services
   */
  subscribe(subscriber: Subscriber, now: number, subscription?: Subscription): void {
    if (subscription === undefined) {
      this.#old.add(subscriber);
      if (this.#hasPublished) this.#old.sendAll(subscriber, this.#oldTick(now));
      return;
    }
    this.#replace(subscriber.node);
    const { all, epoch, services } = subscription;
    const held = new Map(epoch === this.#epoch ? services : []);
    const stream = new AgentStream(subscriber, all ? undefined : new Set(services.map(([key]) => key)), held);
    this.#streams.set(subscriber, stream);
    if (stream.wanted === undefined) this.#wantAll.add(stream);
    for (const key of stream.wanted ?? []) {
      const holders = this.#holders.get(key);
      if (holders) holders.add(stream);
      else this.#holders.set(key, new Set([stream]));
    }
    if (this.#hasPublished) this.#sendFirst(stream, now);
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#old.delete(subscriber);
    const stream = this.#streams.get(subscriber);
    if (stream) this.#remove(stream);
  }

  /** The agent can take lines again. */
  drained(subscriber: Subscriber, now: number): void {
    this.#old.drained(subscriber, this.#oldTick(now));
    const stream = this.#streams.get(subscriber);
    if (stream?.blockedSince === undefined) return;
    stream.blockedSince = undefined;
    if (stream.missed) this.#sendMissed(stream, now);
  }

  close(): void {
    for (const subscriber of this.#streams.keys()) subscriber.close();
    this.#streams.clear();
    this.#holders.clear();
    this.#wantAll.clear();
    this.#old.clear();
  }

  get #epoch(): number {
    return Math.max(1, Math.floor(this.#startedAt));
  }

  #mayPublishAll(decision: Decision, now: number): boolean {
    if (now - this.#startedAt >= VALID_FOR_MS) return true;
    return decision.services.every((service) => service.mode !== 'Enforce' || isLearnt(service));
  }

  /** Notes for each agent which of the changes concern it. */
  #distribute(publication: Publication | undefined, removed: readonly string[]): void {
    for (const service of publication?.rows ?? []) {
      for (const stream of this.#holdersOf(service.key)) stream.pending.rows.push(service.rowsJson());
    }
    for (const service of publication?.weights ?? []) {
      for (const stream of this.#holdersOf(service.key)) stream.pending.weights.push(service.weightsJson());
    }
    for (const key of removed) {
      for (const stream of this.#holdersOf(key)) stream.pending.unbalanced.push(key);
    }
  }

  *#holdersOf(key: string): Iterable<AgentStream> {
    yield* this.#holders.get(key) ?? [];
    yield* this.#wantAll;
  }

  #flush(stream: AgentStream, now: number): void {
    const isFirst = stream.lineAt === -Infinity;
    const news = this.#newsOf(stream);
    const hasNews = stream.hasPending || Object.keys(news).length > 0;
    if (stream.blockedSince !== undefined) {
      stream.missed ||= hasNews;
      stream.clearPending();
      if (now - stream.blockedSince > VALID_FOR_MS) {
        this.#remove(stream);
        stream.subscriber.close();
      }
    } else if (isFirst) {
      stream.clearPending();
      this.#sendFirst(stream, now);
    } else if (hasNews) {
      this.#write(stream, assignmentLine({ version: this.#lineVersion, services: stream.pending, news }), news, now);
      stream.clearPending();
    } else if (now - stream.lineAt >= HEARTBEAT_MS) {
      this.#write(stream, heartbeat(this.#lineVersion), news, now);
    }
  }

  /** All that the agent wants and does not hold. */
  #sendFirst(stream: AgentStream, now: number): void {
    const { held } = stream;
    const services = this.#servicesSince(stream, (key, version) => held.get(key) !== version);
    const news = this.#newsOf(stream);
    const head = { version: this.#lineVersion, epoch: this.#epoch, partial: !this.#publishesAll };
    this.#write(stream, assignmentLine({ ...head, services, news }), news, now);
  }

  #sendMissed(stream: AgentStream, now: number): void {
    stream.missed = false;
    const { version } = stream;
    const services = this.#servicesSince(stream, (_key, published) => published > version);
    const news = this.#newsOf(stream);
    this.#write(stream, assignmentLine({ version: this.#lineVersion, services, news }), news, now);
  }

  #servicesSince(stream: AgentStream, isDue: (key: string, version: number) => boolean) {
    const rows: string[] = [];
    const keys = stream.wanted ?? Array.from(this.#store.services, ({ key }) => key);
    for (const key of keys) {
      const service = this.#store.get(key);
      if (service && isDue(key, service.version)) rows.push(service.rowsJson());
    }
    const unbalanced = [...(stream.wanted ?? [])].filter((key) => !this.#store.isEnforced(key));
    return { rows, weights: [], unbalanced };
  }

  #write(stream: AgentStream, line: string, news: Partial<NodeNews>, now: number): void {
    stream.version = this.#lineVersion;
    stream.lineAt = now;
    if (this.#publishesAll) stream.sent = { ...(stream.sent ?? NO_NEWS), ...news };
    if (!stream.subscriber.write(line)) stream.blockedSince = now;
  }

  /** What concerns the node alone and was not sent to it yet. Until the leader publishes all services, the agent keeps what it holds. */
  #newsOf(stream: AgentStream): Partial<NodeNews> {
    if (!this.#publishesAll) return {};
    const all = this.#nodeNews(stream);
    const { sent } = stream;
    if (sent === undefined) return all;
    const { grants, utilisation, detail } = all;
    return {
      ...(grants !== sent.grants && { grants }),
      ...(utilisation !== sent.utilisation && { utilisation }),
      ...(!sameKeys(detail, sent.detail) && { detail }),
    };
  }

  #nodeNews({ subscriber: { node }, wanted }: AgentStream): NodeNews {
    return {
      grants: this.#grants.get(node) ?? NO_NEWS.grants,
      utilisation: this.#utilisation.get(node) ?? NO_NEWS.utilisation,
      detail: this.#reportedInDetail.size === 0 ? NO_NEWS.detail : this.#detailOf(wanted),
    };
  }

  #detailOf(wanted: ReadonlySet<string> | undefined): readonly string[] {
    const keys = wanted ?? Array.from(this.#store.services, ({ key }) => key);
    return [...keys].filter((key) => this.#reportedInDetail.has(this.#store.serviceOf(key) ?? ''));
  }

  get #lineVersion(): number {
    return this.version || this.#epoch;
  }

  #replace(node: string): void {
    for (const [subscriber, stream] of this.#streams) {
      if (subscriber.node !== node) continue;
      this.#remove(stream);
      subscriber.close();
    }
  }

  #remove(stream: AgentStream): void {
    this.#streams.delete(stream.subscriber);
    this.#wantAll.delete(stream);
    for (const key of stream.wanted ?? []) {
      const holders = this.#holders.get(key);
      holders?.delete(stream);
      if (holders?.size === 0) this.#holders.delete(key);
    }
  }

  #publishOld(startsPublishingAll: boolean, change: typeof NO_CHANGE & object, now: number): void {
    if (this.#old.size === 0) return;
    const tick = this.#oldTick(now);
    const hasNews = startsPublishingAll || change.services.length + change.removed.length > 0;
    if (hasNews || now - this.#oldLineAt >= HEARTBEAT_MS) {
      this.#oldLineAt = now;
      this.#old.broadcast(startsPublishingAll ? 'all' : hasNews ? change : NO_CHANGE, tick);
    } else {
      this.#old.sendNewGrants(tick);
    }
  }

  #oldTick(now: number): OldTick {
    const version = this.#lineVersion;
    return { version, publishesAll: this.#publishesAll, services: this.#store.services, grants: this.#grants, now };
  }
}

function changedServices(publication: Publication | undefined) {
  return publication ? [...publication.rows, ...publication.weights] : [];
}

function sameKeys(keys: readonly string[], others: readonly string[]): boolean {
  return keys.length === others.length && keys.every((key, index) => key === others[index]);
}
