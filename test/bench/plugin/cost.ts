/** CPU time that a proxy spends per request under a given load. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad } from '../../../apps/load-generator/load.ts';
import { cpuNanoseconds } from './process.ts';
import { HOST, type Variant } from './variants.ts';

const CONNECTIONS = 32;
/** As often as a controller whose weights move a little all the time. */
const PUBLISH_EVERY_MS = 2000;

export interface Cost {
  readonly microseconds: number;
  readonly requests: number;
}

/**
 * Sends `rate` requests/s for `seconds` and divides the CPU time of the whole process by the requests answered. The
 * table is published anew every two seconds, so that its cost counts.
 * @throws Error when any request fails: its cost would be another
 */
export async function measureCost(variant: Variant, rate: number, seconds: number, signal: AbortSignal): Promise<Cost> {
  signal.throwIfAborted();
  const publishing = setInterval(() => variant.publish(), PUBLISH_EVERY_MS);
  try {
    const before = await cpuNanoseconds(variant.pid);
    const load = runLoad({
      url: variant.url,
      mix: { name: 'plain', parameters: {}, requests: [{ name: 'get', weight: 1, method: 'GET', path: '' }] },
      rate,
      durationSeconds: seconds,
      connections: CONNECTIONS,
      timeoutSeconds: 60,
      seed: 1,
      headers: { host: HOST },
    });
    const stop = (): void => void load.stop();
    signal.addEventListener('abort', stop, { once: true });
    const result = await load.finished;
    signal.removeEventListener('abort', stop);
    signal.throwIfAborted();
    const spent = (await cpuNanoseconds(variant.pid)) - before;
    if (result.failed > 0) throw new Error(`${variant.name}: ${result.failed} of ${result.due} requests failed`);
    return { microseconds: spent / 1000 / result.due, requests: result.due };
  } finally {
    clearInterval(publishing);
    await sleep(50);
  }
}
