/**
 * Asks the agents which assignments their proxies use. A proxy asks for the next version as soon as it holds
 * one, and an agent holds the requests of those that have its newest. When as many wait as there are proxies on the
 * node, all of them use what the agent holds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

const EVERY_MS = 25;

export interface WatchedAgent {
  readonly url: URL;
  /** Proxies on its node. */
  readonly proxies: number;
}

export interface Sighting {
  /** Wall clock when the last agent had answered, ms. */
  readonly at: number;
  /** The version of the controller that every proxy uses at least. */
  readonly version: number;
}

export class TableWatch {
  readonly sightings: Sighting[] = [];
  readonly #agents: readonly WatchedAgent[];
  #closed = false;

  constructor(agents: readonly WatchedAgent[]) {
    this.#agents = agents;
  }

  /** Polls until `close`. Rejects when an agent does not answer. */
  async follow(): Promise<void> {
    while (!this.#closed) {
      const at = Date.now();
      const versions = await Promise.all(this.#agents.map(usedVersion));
      if (versions.every((version) => version !== undefined)) {
        this.sightings.push({ at: Date.now(), version: Math.min(...versions) });
      }
      await sleep(Math.max(0, EVERY_MS - (Date.now() - at)));
    }
  }

  close(): void {
    this.#closed = true;
  }
}

async function usedVersion({ url, proxies }: WatchedAgent): Promise<number | undefined> {
  const { body } = await request(new URL('/readyz', url));
  const { assignment, waiting } = (await body.json()) as { assignment: number; waiting: number };
  return waiting >= proxies ? assignment : undefined;
}
