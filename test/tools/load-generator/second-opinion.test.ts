/** Our percentiles against fortio's, and both against what the server itself did. */
import { execFile } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startLoadProcess } from './support/load-process.ts';
import {
  mergeHistograms,
  percentileMs,
  type LatencyHistogram,
} from '../../../tools/load-generator/measure/histogram.ts';
import { buildGoTool } from '../../../tools/go/build.ts';
import { stubServer } from './stub-server.ts';

const RATE = 150;
const REQUESTS = 900;
const CONNECTIONS = 32;
/** Three classes of service time, a factor of three apart, with p50, p95 and p99 well inside of one each. */
const CLASSES = [
  { upTo: 90, ms: 20 },
  { upTo: 97, ms: 60 },
  { upTo: 100, ms: 180 },
];
/** Factor by which two tools may differ on a busy machine: half the distance of neighbouring classes, the root of three. */
const TOLERANCE = Math.sqrt(3);

test('agrees with fortio on the percentiles of a server whose delays are known', { timeout: 600_000 }, async () => {
  const fortio = await buildGoTool('fortio/fortio');
  let delays: number[] = [];
  const server = await stubServer((_request, response) => {
    const began = performance.now();
    const turn = (delays.length * 37) % 100;
    delays.push(0);
    const index = delays.length - 1;
    setTimeout(
      () => {
        response.end('done');
        delays[index] = performance.now() - began;
      },
      CLASSES.find(({ upTo }) => turn < upTo)?.ms,
    );
  });
  const serverPercentile = (percentile: number): number =>
    delays.toSorted((a, b) => a - b)[Math.ceil((percentile / 100) * delays.length) - 1] ?? NaN;

  const parts: LatencyHistogram[] = [];
  const ours = startLoadProcess({
    url: server.url.href,
    mix: 'plain',
    rate: RATE,
    durationSeconds: REQUESTS / RATE,
    connections: CONNECTIONS,
    onSecond: (_second, latency) => parts.push(latency),
  });
  const { requests, failed, latencyMs } = await ours.finished;
  expect({ requests, failed, served: delays.length }).toEqual({ requests: REQUESTS, failed: 0, served: REQUESTS });
  for (const [percentile, read] of [
    [50, latencyMs.p50],
    [95, latencyMs.p95],
    [99, latencyMs.p99],
  ] as const) {
    expect(read / serverPercentile(percentile), `p${percentile} over the server's`).toBeGreaterThan(0.95);
    expect(read / serverPercentile(percentile), `p${percentile} over the server's`).toBeLessThan(TOLERANCE);
    expect(percentileMs(mergeHistograms(parts), percentile) / read).toBeCloseTo(1, 2);
  }

  delays = [];
  const flags = { url: server.url.href, rate: RATE, requests: REQUESTS, connections: CONNECTIONS };
  const { stdout } = await promisify(execFile)(
    fortio,
    Object.entries(flags).map(([name, value]) => `-${name}=${value}`),
  );
  const theirs = JSON.parse(stdout) as { latencyMs: { p50: number; p95: number; p99: number } };
  for (const percentile of ['p50', 'p95', 'p99'] as const) {
    const ratio = latencyMs[percentile] / theirs.latencyMs[percentile];
    expect(ratio, `${percentile}, ours over fortio's`).toBeGreaterThan(1 / TOLERANCE);
    expect(ratio, `${percentile}, ours over fortio's`).toBeLessThan(TOLERANCE);
  }
});
