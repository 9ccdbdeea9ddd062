#!/usr/bin/env bash
# autocannon 9.0.0 (npm) with overallRate.
#
# One guesses: the correction for coordinated omission, which is on by default with a rate, adds values only where
# requests were late. A server that takes 100 ms for each, and keeps up, shows a median of 100 ms.
# What happens: each answer is corrected for an interval of one millisecond, whatever the rate. Each request of 100 ms
# becomes a hundred values, one for each millisecond below it, and the median is 50 ms: half of what the fastest
# request took. With ignoreCoordinatedOmission it is 100 ms, but then a stop of the server is not corrected at all.
# Why it matters: slow requests count for as many values as they have milliseconds, so every percentile is of a mixture
# that no client has seen, and balancers cannot be compared by it. Latencies should be counted from the moment at
# which a request was due.
source "$(dirname "$0")/lib/setup.sh"
node_packages autocannon@9.0.0

node_program <<'JS'
import { createServer } from 'node:http';
import autocannon from 'autocannon';
import { expect } from './expect.mjs';

const server = createServer((_, response) => setTimeout(() => response.end('ok'), 100));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

async function measure(options) {
  const url = `http://127.0.0.1:${server.address().port}`;
  const { latency, requests } = await autocannon({ url, connections: 10, overallRate: 50, duration: 5, ...options });
  const { min, p50, p90, totalCount } = latency;
  console.log(`${JSON.stringify(options)}: ${requests.total} requests, ${totalCount} values, least ${min} ms, p50 ${p50} ms, p90 ${p90} ms`);
  return { ...latency, requests: requests.total };
}

const corrected = await measure({});
const uncorrected = await measure({ ignoreCoordinatedOmission: true });
server.closeAllConnections();
server.close();
expect(corrected.totalCount > 50 * corrected.requests && corrected.p50 < 90, 'the median is below what the fastest request took');
expect(uncorrected.totalCount === uncorrected.requests && uncorrected.p50 >= 99, 'uncorrected, it is right');
JS
