/** Proxies of a node as their agent sees them: each polls for the table and posts statistics, as often as the plugin does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { encodeStatistics } from '../../host-agent/support/statistics.ts';

const POST_EVERY_MS = 2000;

export class ProxyCrowd {
  /** Tables received by all proxies. */
  tables = 0;
  failures = 0;
  #agent: string;
  #proxies: number;
  #services: number;
  #buckets: number;
  #abort = new AbortController();
  #running: Promise<void>[] = [];

  constructor(agent: string, proxies: number, services: number, buckets: number) {
    this.#agent = agent;
    this.#proxies = proxies;
    this.#services = services;
    this.#buckets = buckets;
  }

  start(): void {
    for (let proxy = 0; proxy < this.#proxies; proxy++) {
      const pool = new Pool(this.#agent, { connections: 2 });
      this.#running.push(Promise.all([this.#poll(pool), this.#post(pool, proxy)]).then(() => pool.destroy()));
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
  }

  async #poll(pool: Pool): Promise<void> {
    const { signal } = this.#abort;
    let version = '0';
    while (!signal.aborted) {
      try {
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

  /** A caller of half of the services, three replicas each. */
  #statistics(proxy: number, sequence: number): Parameters<typeof encodeStatistics>[0] {
    const common = {
      requests: 100 * sequence,
      failures: sequence,
      inFlight: 3,
      inFlightSeconds: sequence / 3,
      latencyBuckets: Array.from({ length: this.#buckets }, (_, bucket) => (bucket > 5 && bucket < 25 ? sequence : 0)),
    };
    const called = Array.from({ length: 3 * Math.ceil(this.#services / 2) }, (_, index) => ({
      ...common,
      service: `8080|service-${Math.floor(index / 3)}.hotel-reservation.svc.cluster.local`,
      replica: `service-${Math.floor(index / 3)}-${index % 3}`,
      unreached: 0,
      ejected: false,
    }));
    return {
      namespace: 'hotel-reservation',
      pod: `service-${proxy % this.#services}-${Math.floor(proxy / this.#services)}`,
      instance: (0x1000 + proxy).toString(16),
      sequence,
      tableVersion: 1,
      fallbacks: 0,
      served: common,
      called,
    };
  }
}
