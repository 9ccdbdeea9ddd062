/** Calls to the other services over kept-alive connections. */
import { Pool, errors } from 'undici';
import { RequestError } from './query.ts';
import type { Addressing, ServiceName } from '../services/service.ts';
import type { TraceHeaders } from '../../service/trace.ts';

/** A call fails if the service has not answered within this time. */
const DEADLINE_MS = 3000;
const CONNECT_MS = 1000;
const IDLE_MS = 60_000;
const MAX_MESSAGE = 200;

type Fields = Readonly<Record<string, string | number>>;

export interface Downstream {
  /**
   * The answer's JSON, which is assumed to have the form that the service documents. Throws RequestError: 400 with the
   * callee's message, 502 for its failure, 503 if it cannot be reached, 504 after the deadline.
   */
  get<T>(service: ServiceName, path: string, fields: Fields, trace: TraceHeaders): Promise<T>;
  post<T>(service: ServiceName, path: string, fields: Fields, trace: TraceHeaders): Promise<T>;
  close(): Promise<void>;
}

function queryString(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}

/** The message of an error response. A sidecar's own responses are plain text. */
function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.slice(0, MAX_MESSAGE);
  }
}

function failureOf(service: ServiceName, error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) {
    return new RequestError(504, `${service} did not answer within ${DEADLINE_MS} ms`, { cause: error });
  }
  if (error instanceof SyntaxError)
    return new RequestError(502, `${service} did not answer with JSON`, { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  return new RequestError(503, `${service} cannot be reached: ${reason}`, { cause: error });
}

export function connectServices({ meshOutbound, addresses }: Addressing): Downstream {
  const pools = new Map<string, Pool>();

  function poolFor(address: string): Pool {
    const known = pools.get(address);
    if (known) return known;
    const pool = new Pool(`http://${address}`, {
      headersTimeout: DEADLINE_MS,
      bodyTimeout: DEADLINE_MS,
      connect: { timeout: CONNECT_MS },
      keepAliveTimeout: IDLE_MS,
    });
    pools.set(address, pool);
    return pool;
  }

  async function call<T>(
    method: 'GET' | 'POST',
    service: ServiceName,
    path: string,
    fields: Fields,
    trace: TraceHeaders,
  ): Promise<T> {
    const host = `${service}.hotel-reservation.svc.cluster.local:8080`;
    try {
      const response = await poolFor(meshOutbound ?? addresses?.[service] ?? host).request({
        method,
        path: `${path}?${queryString(fields)}`,
        headers: { ...trace, host },
      });
      const status = response.statusCode;
      if (status === 200) return (await response.body.json()) as T;
      const text = await response.body.text();
      if (status === 400) throw new RequestError(400, messageOf(text));
      throw new RequestError(status === 503 ? 503 : 502, `${service} answered ${status}: ${messageOf(text)}`);
    } catch (error) {
      throw failureOf(service, error);
    }
  }

  return {
    get: (service, path, fields, trace) => call('GET', service, path, fields, trace),
    post: (service, path, fields, trace) => call('POST', service, path, fields, trace),
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}
