/** Exports the control loop's spans by OTLP over HTTP, configured by the `OTEL_…` environment variables. */
import { setTimeout as sleep } from 'node:timers/promises';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import packageJson from '../../package.json' with { type: 'json' };
import type { ControllerState } from '../state.ts';
import { LoopSpans } from './loop-spans.ts';
import { type Log, watchLosses } from './span-losses.ts';

const LAST_SPANS_MS = 1_500;

export class LoopTracing {
  readonly #provider: BasicTracerProvider;
  readonly #spans: LoopSpans;

  /** @param identity of this controller among several */
  constructor(state: ControllerState, identity: string, log: Log) {
    const own = {
      'service.name': 'ballast-controller',
      'service.version': packageJson.version,
      'service.instance.id': identity,
    };
    this.#provider = new BasicTracerProvider({
      resource: resourceFromAttributes(own).merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [new BatchSpanProcessor(watchLosses(new OTLPTraceExporter(), log))],
    });
    this.#spans = new LoopSpans(state, this.#provider.getTracer('ballast', packageJson.version));
  }

  /** Exports the remaining spans, within a time limit: an absent receiver must not hold up the end of the process. */
  async close(): Promise<void> {
    this.#spans.close();
    const sent = this.#provider.shutdown().catch(() => undefined);
    await Promise.race([sent, sleep(LAST_SPANS_MS, undefined, { ref: false })]);
  }
}
