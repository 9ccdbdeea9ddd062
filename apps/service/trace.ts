/**
 * Headers that connect the calls of one request in a trace. Sidecars make them; the application has to forward them.
 */
import type { IncomingHttpHeaders } from 'node:http';

const NAMES = [
  'x-request-id',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'traceparent',
  'tracestate',
] as const;

export type TraceHeaders = Readonly<Record<string, string>>;

export function traceHeaders(incoming: IncomingHttpHeaders): TraceHeaders {
  const trace: Record<string, string> = {};
  for (const name of NAMES) {
    const value = incoming[name];
    if (typeof value === 'string') trace[name] = value;
  }
  return trace;
}
