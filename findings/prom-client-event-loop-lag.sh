#!/usr/bin/env bash
# prom-client 15.1.3 (npm), the default metrics nodejs_eventloop_lag_*.
#
# One guesses: the mean and the percentiles of a process that does nothing are near zero, and a second scrape sees
# the same.
# What happens: an idle process shows a lag of 10 ms, since Node's histogram holds the time between two beats of a
# 10 ms timer, not their delay. And each scrape empties the histogram, so the second of two scrapers finds nothing,
# which reads as a minimum of 9223372036 seconds (292 years), a maximum of 0 and a mean of Nan.
# Why it matters: alerts for a lag of the event loop need a threshold above 10 ms, and a second Prometheus (a pair
# for high availability, a port-forward, a test) takes away what the first would have seen.
source "$(dirname "$0")/lib/setup.sh"
node_packages prom-client@15.1.3

node_program <<'JS'
import client from 'prom-client';
import { expect } from './expect.mjs';

const register = new client.Registry();
client.collectDefaultMetrics({ register });
const scrape = async () => {
  const text = await register.metrics();
  return Object.fromEntries([...text.matchAll(/^nodejs_eventloop_lag_(min|mean|max|p50)_seconds (\S+)$/gm)].map((line) => [line[1], line[2]]));
};
await new Promise((resolve) => setTimeout(resolve, 2000));
const first = await scrape();
const second = await scrape();
console.log('after 2 s of idling:', first);
console.log('scraped again:      ', second);
expect(Number(first.p50) > 0.008, 'the lag of an idle event loop reads 10 ms');
expect(Number(second.min) > 9e9 && second.mean === 'Nan' && second.max === '0', 'the next scrape finds an empty histogram');
process.exit(0);
JS
