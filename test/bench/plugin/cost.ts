/** CPU time that a proxy spends per request under a given load. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad } from '../../../tools/load-generator/load.ts';
import { cpuNanoseconds } from './process.ts';
import { HOST } from './sidecar.ts';
import type { Measured } from './variants.ts';

const CONNECTIONS = 32;
const CONNECTING_SECONDS = 0.1;
/** The pace of a controller whose weights always move a little. */
const PUBLISH_EVERY_MS = 3000;

export interface Cost {
  readonly microseconds: number;
  readonly requests: number;
}

/**
 * Sends `rate` requests/s for `seconds` and divides the CPU time that the whole process takes by the requests answered,
 * once its connections stand. The table is published anew every three seconds, so that its cost counts.
 * @throws Error when a request fails, since its cost differs
 */
export async function measureCost(
  variant: Measured,
  rate: number,
  seconds: number,
  signal: AbortSignal,
): Promise<Cost> {
  signal.throwIfAborted();
  const publishing = setInterval(() => variant.publish(), PUBLISH_EVERY_MS);
  const load = runLoad({
    url: variant.url,
    mix: { name: 'plain', parameters: {}, requests: [{ name: 'get', weight: 1, method: 'GET', path: '' }] },
    rate,
    durationSeconds: CONNECTING_SECONDS + seconds,
    connections: CONNECTIONS,
    timeoutSeconds: 60,
    seed: 1,
    headers: { host: HOST },
  });
  const stop = (): void => void load.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await sleep(CONNECTING_SECONDS * 1000);
    const answeredBefore = load.totals.answered;
    const before = await cpuNanoseconds(variant.pid);
    const { failed, due, answered } = await load.finished;
    signal.throwIfAborted();
    if (failed > 0) throw new Error(`${variant.name}: ${failed} of ${due} requests failed`);
    const requests = answered - answeredBefore;
    return { microseconds: ((await cpuNanoseconds(variant.pid)) - before) / 1000 / requests, requests };
  } finally {
    signal.removeEventListener('abort', stop);
    clearInterval(publishing);
    await sleep(50);
  }
}
