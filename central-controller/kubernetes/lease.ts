/** Leader election by a Lease object (coordination.k8s.io/v1). */
import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Leadership } from '../model/leadership.ts';
import { ApiError, type KubernetesClient } from './client.ts';
import { KINDS, listPath, objectPath } from './kinds.ts';
import { LeaseElection, type LeaseRecord, type LeaseWrite } from './lease-election.ts';

const DURATION_MS = 3_000;
const RENEW_MS = 1_000;
/** How often followers read the lease. It adds to the time that a failover takes. */
const READ_MS = 500;
const ANSWER_MS = 1_000;
const RELEASE_MS = 2_000;

const LeaseObject = Compile(
  Type.Object({
    metadata: Type.Object({ resourceVersion: Type.String() }),
    spec: Type.Optional(
      Type.Object({
        holderIdentity: Type.Optional(Type.String()),
        leaseDurationSeconds: Type.Optional(Type.Integer({ minimum: 1 })),
        leaseTransitions: Type.Optional(Type.Integer({ minimum: 0 })),
      }),
    ),
  }),
);

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** No other process may have it, not even one that ran before. */
  readonly identity: string;
  /** Where the controller of that identity listens, if known. */
  readonly urlOf: (identity: string) => URL | undefined;
  /** ms; any clock that does not step. */
  readonly now: () => number;
  readonly random?: () => number;
  /** The lease cannot be read or written; called once until that changes. */
  readonly onTrouble: (why: string) => void;
}

export class Lease implements Leadership {
  readonly identity: string;
  readonly #client: Pick<KubernetesClient, 'request'>;
  readonly #options: LeaseOptions;
  readonly #election: LeaseElection;
  readonly #listeners: (() => void)[] = [];
  readonly #abort = new AbortController();
  #reported = { leading: false, leader: undefined as string | undefined };
  #expiry: NodeJS.Timeout | undefined;
  #trouble: string | undefined;
  #running: Promise<void> | undefined;

  constructor(client: Pick<KubernetesClient, 'request'>, options: LeaseOptions) {
    this.identity = options.identity;
    this.#client = client;
    this.#options = options;
    this.#election = new LeaseElection(options.identity, DURATION_MS);
  }

  get isLeading(): boolean {
    return this.#election.isLeading(this.#options.now());
  }

  get leader(): string | undefined {
    return this.#election.holder;
  }

  get leaderUrl(): URL | undefined {
    const { leader } = this;
    return leader === undefined || leader === this.identity ? undefined : this.#options.urlOf(leader);
  }

  onChange(changed: () => void): void {
    this.#listeners.push(changed);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Stops leading, calls the listeners, then releases the lease for the other controllers. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
    this.#election.resign();
    this.#report();
    try {
      const signal = AbortSignal.timeout(RELEASE_MS);
      // The API server may have taken the last renewal without an answer.
      this.#election.observe(await this.#read(signal), this.#options.now());
      const write = this.#election.release();
      if (write) await this.#write(write, signal);
    } catch {
      // Without the release, followers wait until the lease expires.
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        await this.#takePart(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
        this.#trouble = undefined;
      } catch (error) {
        if (!signal.aborted) this.#complain(error);
      }
      this.#report();
      await sleep(this.#pause(), undefined, { signal }).catch(() => undefined);
    }
  }

  /** One round: the leader reads only when its write was refused; followers read, and write once the lease expired. */
  async #takePart(signal: AbortSignal): Promise<void> {
    const { now } = this.#options;
    if (!this.isLeading) this.#election.observe(await this.#read(signal), now());
    const askedAt = now();
    const write = this.#election.attempt(askedAt);
    if (!write) return;
    try {
      this.#election.written(write, await this.#write(write, signal), askedAt, now());
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 409 && error.status !== 404)) throw error;
      // Another controller was first, or somebody changed or deleted the lease.
      this.#election.observe(await this.#read(signal), now());
    }
  }

  #pause(): number {
    const { now, random = Math.random } = this.#options;
    if (this.isLeading) return RENEW_MS * (0.9 + 0.1 * random());
    const usual = READ_MS * (0.8 + 0.2 * random());
    const untilFree = this.#election.mayTakeAt() - now();
    return untilFree > 0 ? Math.min(usual, untilFree + 20 * random()) : usual;
  }

  async #read(signal: AbortSignal): Promise<LeaseRecord | undefined> {
    const { namespace, name } = this.#options;
    try {
      return recordOf(await this.#client.request('GET', objectPath(KINDS.Lease, { namespace, name }), { signal }));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** @returns its version */
  async #write(write: LeaseWrite, signal: AbortSignal): Promise<string> {
    const { namespace, name } = this.#options;
    const at = new Date().toISOString().replace('Z', '000Z');
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace, ...(write.version !== undefined && { resourceVersion: write.version }) },
      spec: {
        holderIdentity: write.holder,
        leaseDurationSeconds: Math.ceil(write.durationMs / 1000),
        leaseTransitions: write.transitions,
        renewTime: at,
      },
    };
    const written =
      write.version === undefined
        ? await this.#client.request('POST', listPath(KINDS.Lease, namespace), { body, signal })
        : await this.#client.request('PUT', objectPath(KINDS.Lease, { namespace, name }), { body, signal });
    return recordOf(written).version;
  }

  #complain(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    if (why !== this.#trouble) this.#options.onTrouble(why);
    this.#trouble = why;
  }

  /** Calls the listeners after a change, also when a lease is not renewed in time. */
  #report(): void {
    clearTimeout(this.#expiry);
    const { isLeading: leading, leader } = this;
    if (leading) this.#expiry = setTimeout(() => this.#report(), this.#election.leadsUntil - this.#options.now() + 1);
    if (leading === this.#reported.leading && leader === this.#reported.leader) return;
    this.#reported = { leading, leader };
    for (const changed of this.#listeners) changed();
  }
}

/** @throws ApiError for something that is no Lease */
function recordOf(value: unknown): LeaseRecord {
  if (!LeaseObject.Check(value)) throw new ApiError(0, '', 'the API server sent something that is no Lease');
  const { holderIdentity = '', leaseDurationSeconds = 1, leaseTransitions = 0 } = value.spec ?? {};
  return {
    version: value.metadata.resourceVersion,
    holder: holderIdentity,
    durationMs: 1000 * leaseDurationSeconds,
    transitions: leaseTransitions,
  };
}
