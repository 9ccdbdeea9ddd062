/**
 * Logs when spans begin to be lost and when that ends. There are three ways to lose them: an export fails, the receiver
 * rejects spans of an export that succeeds (partial success), or the queue of finished spans is full. OpenTelemetry
 * reports the last two in its diagnostic log only.
 */
import { diag, DiagLogLevel } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';

export interface Log {
  info(message: string): void;
  warn(message: string): void;
}

/** How the diagnostic messages of the two losses begin or end. */
const PARTIAL_SUCCESS = 'Received Partial Success response';
const FULL_QUEUE = 'maxQueueSize reached';

/** The exporter, watched. The diagnostic log is global, so a process watches one exporter. */
export function watchLosses(exporter: SpanExporter, log: Log): SpanExporter {
  let isLosing = false;
  let hasLostSinceExport = false;

  function lose(why: string): void {
    if (!isLosing) log.warn(`traces: spans are lost: ${why}`);
    isLosing = true;
    hasLostSinceExport = true;
  }

  function diagnose(message: string, detail?: unknown): void {
    if (message.startsWith(PARTIAL_SUCCESS)) lose(`the receiver rejects some: ${String(detail)}`);
    else if (message.includes(FULL_QUEUE)) lose('more end than are sent, and the queue is full');
  }

  const ignore = (): void => undefined;
  diag.setLogger(
    { error: ignore, warn: diagnose, info: ignore, debug: diagnose, verbose: ignore },
    { logLevel: DiagLogLevel.DEBUG, suppressOverrideMessage: true },
  );

  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.error !== undefined) lose(result.error.message);
        else if (isLosing && !hasLostSinceExport) {
          isLosing = false;
          log.info('traces: spans are no longer lost');
        }
        hasLostSinceExport = false;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
