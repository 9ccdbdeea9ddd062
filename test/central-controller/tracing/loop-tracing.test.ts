import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LoopTracing } from '../../../central-controller/tracing/loop-tracing.ts';
import { createLoop, nodeReport, runTraffic, type TestLoop } from '../fixtures.ts';
import { attributeOf, type ReceivedSpan, TraceReceiver } from './trace-receiver.ts';

let receiver: TraceReceiver;
let test: TestLoop;
let tracing: LoopTracing;
let lines: string[];

function startTracing(): void {
  const log = (line: string): number => lines.push(line);
  tracing = new LoopTracing(test.loop.state, 'controller-a', { info: log, warn: log });
}

beforeEach(async () => {
  receiver = new TraceReceiver();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', await receiver.listen());
  test = createLoop();
  lines = [];
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await receiver.close();
});

/** Spans of one trace by name. */
function traceOf(span: ReceivedSpan): Map<string, ReceivedSpan[]> {
  return Map.groupBy(
    receiver.spans.filter(({ traceId }) => traceId === span.traceId),
    ({ name }) => name,
  );
}

function only(spans: readonly ReceivedSpan[] = []): ReceivedSpan {
  const [span] = spans;
  if (span === undefined || spans.length > 1) throw new Error(`expected one span, got ${spans.length}`);
  return span;
}

it('a trace holds the reports that a decision rests on, the decision, and its way to the proxies', async () => {
  startTracing();
  test.loop.start();
  runTraffic(test, 5);
  const { version } = test.loop.state.published;
  // The proxies of one node after the other report that they use the last version.
  for (const [index, node] of ['node-1', 'node-2'].entries()) {
    test.clock.advance(40);
    test.loop.accept(nodeReport(node, 21, { proxies: [[`hotel/geo-${index}`, 1, 1, 0]], used: version }));
  }
  await tracing.close();

  const assignment = only(
    receiver.spans.filter((span) => span.name === 'assignment' && attributeOf(span, 'ballast.version') === version),
  );
  const trace = traceOf(assignment);
  const whole = only(trace.get('control loop'));
  const decision = only(trace.get('decision'));
  expect(whole.parentSpanId).toBeUndefined();
  for (const span of [assignment, decision, ...(trace.get('report') ?? [])]) {
    expect(span.parentSpanId).toBe(whole.spanId);
  }
  expect(trace.get('report')?.map((span) => attributeOf(span, 'ballast.node'))).toEqual(['node-1', 'node-2']);
  expect(attributeOf(decision, 'ballast.replicas')).toBe(2);
  expect(assignment.events.map(({ name }) => name)).toEqual(['in use', 'in use']);
  expect(attributeOf(assignment, 'ballast.nodes_waiting')).toBeUndefined();
  expect(assignment.startTimeUnixNano).toBe(decision.endTimeUnixNano);
  expect(whole.endTimeUnixNano).toBe(assignment.endTimeUnixNano);
  expect(BigInt(whole.endTimeUnixNano)).toBe(BigInt(test.clock.now()) * 1_000_000n);
  expect([...receiver.senders]).toEqual(
    expect.arrayContaining(['service.name=ballast-controller', 'service.instance.id=controller-a']),
  );
});

it('an assignment that proxies never use ends after ten seconds and names their nodes', async () => {
  startTracing();
  test.loop.start();
  runTraffic(test, 5);
  test.clock.advance(15_000);
  await tracing.close();
  const waiting = receiver.spans.filter((span) => attributeOf(span, 'ballast.nodes_waiting') !== undefined);
  expect(waiting.length).toBeGreaterThan(0);
  for (const { startTimeUnixNano: start, endTimeUnixNano: end } of waiting) {
    expect(Number(BigInt(end) - BigInt(start)) / 1e9).toBeCloseTo(10, 0);
  }
});

it('the environment sets the sampler and the name of the service', async () => {
  vi.stubEnv('OTEL_TRACES_SAMPLER', 'always_off');
  startTracing();
  test.loop.start();
  runTraffic(test, 5);
  await tracing.close();
  expect(receiver.spans).toEqual([]);

  vi.stubEnv('OTEL_TRACES_SAMPLER', 'always_on');
  vi.stubEnv('OTEL_SERVICE_NAME', 'ballast-of-the-shop');
  startTracing();
  runTraffic(test, 1, 100, 30);
  await tracing.close();
  expect([...receiver.senders]).toContain('service.name=ballast-of-the-shop');
});

it('a failing receiver costs one log line and no decision', async () => {
  receiver.status = 400;
  startTracing();
  test.loop.start();
  runTraffic(test, 60);
  await tracing.close();
  expect(lines).toEqual([expect.stringContaining('spans are lost')]);
  expect(test.defects).toEqual([]);
  expect(test.loop.state.decision?.tick).toBeGreaterThan(200);
});

it('spans that the receiver rejects are logged once, and so is the end of that', async () => {
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '1');
  receiver.body = '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"no room"}}';
  startTracing();
  test.loop.start();
  for (let second = 0; second < 3; second++) {
    runTraffic(test, 1, 100, 1 + 4 * second);
    await vi.waitFor(() => expect(receiver.requests).toBeGreaterThan(second));
  }
  await vi.waitFor(() =>
    expect(lines).toEqual([expect.stringMatching(/spans are lost: the receiver rejects.*no room/)]),
  );
  receiver.body = '{}';
  await tracing.close();
  expect(lines.slice(1)).toEqual([expect.stringContaining('no longer lost')]);
});

it('spans that the full queue drops are logged once', async () => {
  vi.stubEnv('OTEL_BSP_MAX_QUEUE_SIZE', '16');
  vi.stubEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '16');
  startTracing();
  test.loop.start();
  runTraffic(test, 60);
  await tracing.close();
  expect(lines.filter((line) => line.includes('are lost'))).toEqual([expect.stringContaining('the queue is full')]);
  expect(receiver.spans.length).toBeLessThan(100);
});

it('a trace has a bounded number of report spans, and counts the other reports', async () => {
  startTracing();
  test.loop.start();
  for (let sequence = 1; sequence <= 100; sequence++) test.loop.accept(nodeReport('node-1', sequence));
  test.clock.advance(250);
  await tracing.close();
  expect(receiver.spans.filter(({ name }) => name === 'report')).toHaveLength(32);
  const traces = receiver.spans.filter(({ name }) => name === 'control loop');
  expect(traces.map((span) => attributeOf(span, 'ballast.reports'))).toContain(100);
});
