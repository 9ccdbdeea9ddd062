/**
 * Proxies of a node as their agent sees them: each asks for its services and posts its counters as often
 * as the plugin does. Agents of the version before get the requests of that version's plugin.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import { encodeStatistics } from '../../host-agent/support/statistics.ts';
import { encodeSync, readSyncAnswer } from '../../support/proxy-sync.ts';

const POST_EVERY_MS = 2000;
/** The plugin sends counters with a request when they are this old. */
const POST_AFTER_MS = 1900;
const NAMESPACE = 'hotel-reservation';

export class ProxyCrowd {
  /** Tables, or answers with services, that all proxies received. */
  tables = 0;
  requests = 0;
  failures = 0;
  readonly #agent: string;
  readonly #proxies: number;
  readonly #services: number;
  readonly #abort = new AbortController();
  #running: Promise<void>[] = [];

  constructor(agent: string, proxies: number, services: number) {
    this.#agent = agent;
    this.#proxies = proxies;
    this.#services = services;
  }

  async start(): Promise<void> {
    const probe = await fetch(`${this.#agent}/v1/sync`, { method: 'POST', body: '' });
    await probe.arrayBuffer();
    const isOld = probe.status === 404;
    for (let proxy = 0; proxy < this.#proxies; proxy++) {
      const pool = new Pool(this.#agent, { connections: 2 });
      const running = isOld ? [this.#poll(pool), this.#post(pool, proxy)] : [this.#sync(pool, proxy)];
      this.#running.push(Promise.all(running).then(() => pool.destroy()));
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
  }

  /** One request after the other. The agent holds each until something changes or the next counters are due. */
  async #sync(pool: Pool, proxy: number): Promise<void> {
    const { signal } = this.#abort;
    await sleep((POST_EVERY_MS * proxy) / this.#proxies, undefined, { signal }).catch(() => undefined);
    const versions = new Map(this.#keys().map((key) => [key, 0]));
    let epoch = 0;
    let postedAt = -Infinity;
    for (let sequence = 1; !signal.aborted; sequence++) {
      const isPost = performance.now() - postedAt >= POST_AFTER_MS;
      if (isPost) postedAt = performance.now();
      const body = encodeSync({
        namespace: NAMESPACE,
        pod: this.#pod(proxy),
        instance: (0x1000 + proxy).toString(16),
        sequence,
        epoch,
        hasTable: epoch > 0,
        holdMs: POST_EVERY_MS,
        services: [...versions].map(([key, version]) => ({ key, version })),
        ...(isPost && { complete: true, ...this.#counters(sequence) }),
      });
      try {
        this.requests++;
        const response = await pool.request({ path: '/v1/sync', method: 'POST', body, signal });
        const bytes = new Uint8Array(await response.body.arrayBuffer());
        if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
        const answer = readSyncAnswer(bytes);
        if (!answer.unknown) ({ epoch } = answer);
        for (const { key, version } of answer.blocks) versions.set(key, version);
        if (answer.blocks.length > 0) this.tables++;
      } catch {
        await this.#failed(signal);
      }
    }
  }

  async #poll(pool: Pool): Promise<void> {
    const { signal } = this.#abort;
    let version = '0';
    while (!signal.aborted) {
      try {
        this.requests++;
        const response = await pool.request({ path: `/v1/table?version=${version}`, method: 'GET', signal });
        const bytes = Buffer.from(await response.body.arrayBuffer());
        if (response.statusCode !== 200) continue;
        version = String(bytes.readBigUInt64LE(8));
        this.tables++;
      } catch {
        await this.#failed(signal);
      }
    }
  }

  async #post(pool: Pool, proxy: number): Promise<void> {
    const { signal } = this.#abort;
    await sleep((POST_EVERY_MS * proxy) / this.#proxies, undefined, { signal }).catch(() => undefined);
    for (let sequence = 1; !signal.aborted; sequence++) {
      try {
        this.requests++;
        const body = encodeStatistics(this.#statistics(proxy, sequence));
        const response = await pool.request({ path: '/v1/statistics', method: 'POST', body, signal });
        await response.body.dump();
        if (response.statusCode !== 204) this.failures++;
      } catch {
        await this.#failed(signal);
      }
      await sleep(POST_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #failed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.failures++;
    await sleep(100, undefined, { signal }).catch(() => undefined);
  }

  /** Each calls half of the services. */
  #keys(): string[] {
    return Array.from(
      { length: Math.ceil(this.#services / 2) },
      (_, service) => `8080|service-${service}.${NAMESPACE}.svc.cluster.local`,
    );
  }

  #pod(proxy: number): string {
    return `service-${proxy % this.#services}-${Math.floor(proxy / this.#services)}`;
  }

  /** Counters of a caller of half of the services, with three replicas each. */
  #counters(sequence: number) {
    const latencyBuckets = Array.from({ length: LATENCY_BUCKETS }, (_, bucket) =>
      bucket > 5 && bucket < 25 ? sequence : 0,
    );
    const common = { requests: 100 * sequence, failures: sequence, unreached: 0, inFlight: 3, answered: 19 * sequence };
    return {
      served: { ...common, inFlightSeconds: sequence / 3, latencyBuckets },
      called: this.#keys().flatMap((service, index) =>
        [0, 1, 2].map((replica) => ({
          ...common,
          service,
          replica: `service-${index}-${replica}`,
          ejected: false,
          latencySeconds: sequence / 3,
        })),
      ),
    };
  }

  #statistics(proxy: number, sequence: number): Parameters<typeof encodeStatistics>[0] {
    const { served, called } = this.#counters(sequence);
    const { requests, failures, inFlight, inFlightSeconds, latencyBuckets } = served;
    const common = { requests, failures, inFlight, inFlightSeconds, latencyBuckets };
    return {
      namespace: NAMESPACE,
      pod: this.#pod(proxy),
      instance: (0x1000 + proxy).toString(16),
      sequence,
      tableVersion: 1,
      fallbacks: 0,
      served: common,
      called: called.map(({ service, replica, ejected }) => ({ ...common, service, replica, ejected, unreached: 0 })),
    };
  }
}
