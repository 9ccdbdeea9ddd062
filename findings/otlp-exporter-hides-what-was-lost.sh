#!/usr/bin/env bash
# @opentelemetry/exporter-trace-otlp-http 0.223.1 and @opentelemetry/sdk-trace-base 2.12.1 (npm).
#
# One guesses: a span that the collector rejects is an error of the export, and spans that do not fit into the batch
# processor's queue are at least told of when it is flushed.
# What happens: a collector that takes the request but rejects spans (200 with partialSuccess.rejectedSpans) is a
# success for the exporter: code 0 and no error, and a line in the diagnostic log. Of 5,000 spans that end in one
# turn of the event loop, 2,560 arrive; the flush succeeds, and the only word of it is of the level debug.
# Why it matters: a control loop that traces a decision per tick with one span per replica loses much of them in a
# large fleet. Code that looks at the result of the export does not see either loss.
source "$(dirname "$0")/lib/setup.sh"
node_packages @opentelemetry/exporter-trace-otlp-http@0.223.1 @opentelemetry/sdk-trace-base@2.12.1 @opentelemetry/api@1.9.1

node_program <<'JS'
import { createServer } from 'node:http';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect } from './expect.mjs';

let arrived = 0;
let answer = '{}';
const server = createServer(async (request, response) => {
  const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
  for (const { scopeSpans } of body.resourceSpans) for (const { spans } of scopeSpans) arrived += spans.length;
  response.setHeader('content-type', 'application/json').end(answer);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const said = { error: [], warn: [], info: [], debug: [], verbose: [] };
diag.setLogger(Object.fromEntries(Object.keys(said).map((level) => [level, (...words) => said[level].push(words.join(' '))])), DiagLogLevel.ALL);

const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${server.address().port}/v1/traces` });
const results = [];
const watched = {
  export: (spans, done) => exporter.export(spans, (result) => (results.push(result), done(result))),
  shutdown: () => exporter.shutdown(),
};
const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(watched)] });
const tracer = provider.getTracer('finding');

for (let index = 0; index < 5000; index++) tracer.startSpan(`replica ${index}`).end();
await provider.forceFlush();
const failures = results.filter(({ code, error }) => code !== 0 || error !== undefined).length;
console.log(`5000 spans ended, ${arrived} arrived; ${results.length} exports, ${failures} failed`);
console.log('said:', Object.fromEntries(Object.entries(said).map(([level, lines]) => [level, [...new Set(lines)].filter((line) => /drop|queue/i.test(line))])));
const loud = [...said.error, ...said.warn].filter((line) => /drop/i.test(line)).length;

answer = '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no room"}}';
results.length = 0;
tracer.startSpan('rejected').end();
await provider.forceFlush();
console.log('rejected by the collector:', results, said.warn.concat(said.error).filter((line) => /partial|reject/i.test(line)));
await provider.shutdown();
server.closeAllConnections();
server.close();

expect(arrived >= 2048 && arrived < 3000 && failures === 0 && loud === 0, 'nearly half of 5000 spans are dropped without a failed export or a warning');
expect(results.length === 1 && results[0].code === 0 && results[0].error === undefined, 'a rejected span is a success');
JS
