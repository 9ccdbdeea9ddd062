/**
 * JSON requests and watches to the API server. @kubernetes/client-node has a class for every kind of the API instead, and
 * with them takes half of the memory that the whole controller may have; its logins are in api-access.ts.
 */
import { Agent, type Dispatcher, ProxyAgent, Socks5ProxyAgent } from 'undici';
import { type BaseAddress, parseBaseAddress, pathBelow } from '../../contract/base-address.ts';
import { BallastError } from '../../contract/errors.ts';
import type { ApiAccess, Tls } from './api-access.ts';

const CONNECT_MS = 3_000;
const ANSWER_MS = 10_000;
/** A proxy before the API server may ask for hours, for which the controller would see nothing. */
const MAX_RETRY_AFTER_MS = 60_000;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiRequest {
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** For PATCH: `application/apply-patch+yaml` (takes JSON too), `application/merge-patch+json`, … */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

interface ApiErrorOptions extends ErrorOptions {
  readonly retryAfterMs?: number;
}

/** The API server refused, or did not answer. */
export class ApiError extends Error {
  /** HTTP status; 0 without an answer. */
  readonly status: number;
  /** `reason` of the API server's Status object, such as `Conflict`; '' where there is none. */
  readonly reason: string;
  /** Retry-After; 0 where the server sent none. */
  readonly retryAfterMs: number;

  constructor(status: number, reason: string, message: string, options: ApiErrorOptions = {}) {
    super(message, options);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

export class KubernetesClient {
  readonly #access: ApiAccess;
  readonly #server: BaseAddress;
  #connections: Connections | undefined;

  /** @throws BallastError INVALID_FLAG if the server is not a base address */
  constructor(access: ApiAccess) {
    const server = parseBaseAddress(access.server);
    if (!server.ok) throw new BallastError(server.failure.code, server.failure.message);
    this.#access = access;
    this.#server = server.value;
  }

  /** @returns the object of the answer, undefined where it has no body @throws ApiError */
  async request(method: Method, path: string, request: ApiRequest = {}): Promise<unknown> {
    const response = await this.#send(method, path, request);
    if (response.statusCode === 204) return undefined;
    try {
      return await response.body.json();
    } catch (error) {
      throw unanswered(error);
    }
  }

  /**
   * The chunks of an endless answer such as a watch, once it has begun.
   * @param silenceMs how long the server may be silent before the connection counts as broken
   * @throws ApiError, and so does the iteration
   */
  async stream(path: string, request: ApiRequest, silenceMs: number): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#send('GET', path, request, silenceMs);
    return chunksOf(response.body);
  }

  async close(): Promise<void> {
    await this.#connections?.dispatcher.destroy();
  }

  async #send(
    method: Method,
    path: string,
    request: ApiRequest,
    silenceMs = ANSWER_MS,
  ): Promise<Dispatcher.ResponseData> {
    const response = await this.#try(method, path, request, silenceMs);
    if (response.statusCode < 300) return response;
    if (response.statusCode !== 401 || !this.#access.login) throw await refusal(response);
    // A token may expire before its time, or be revoked.
    await response.body.dump();
    this.#access.login.forget();
    const again = await this.#try(method, path, request, silenceMs);
    if (again.statusCode < 300) return again;
    throw await refusal(again);
  }

  async #try(
    method: Method,
    path: string,
    { query = {}, body, contentType = 'application/json', signal }: ApiRequest,
    silenceMs: number,
  ): Promise<Dispatcher.ResponseData> {
    const { url, authorization } = this.#server;
    try {
      const { headers = {}, tls = {} } = (await this.#access.login?.get()) ?? {};
      return await this.#dispatcher(tls).request({
        origin: url.origin,
        path: pathBelow(this.#server, path),
        query: { ...query },
        method,
        headers: {
          accept: 'application/json',
          ...(authorization !== undefined && { Authorization: authorization }),
          ...headers,
          ...(body !== undefined && { 'content-type': contentType }),
        },
        headersTimeout: ANSWER_MS,
        bodyTimeout: silenceMs,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      });
    } catch (error) {
      throw unanswered(error);
    }
  }

  /** A renewed certificate needs new connections. Requests on the old ones may end. */
  #dispatcher(tls: Tls): Dispatcher {
    const identity = [tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized].map(String).join('\n');
    if (this.#connections?.identity !== identity) {
      void this.#connections?.dispatcher.close();
      this.#connections = { identity, dispatcher: dispatcherOf(tls, this.#access.proxy) };
    }
    return this.#connections.dispatcher;
  }
}

interface Connections {
  readonly identity: string;
  readonly dispatcher: Dispatcher;
}

function dispatcherOf(tls: Tls, proxy: string | undefined): Dispatcher {
  const connect = { timeout: CONNECT_MS, ...tls };
  if (proxy === undefined) return new Agent({ connect });
  if (proxy.startsWith('socks')) {
    // undici's types lack `requestTls`.
    const options = { requestTls: connect, headersTimeout: ANSWER_MS };
    return new Socks5ProxyAgent(proxy.replace(/^socks5h:/, 'socks5:'), options);
  }
  return new ProxyAgent({ uri: proxy, requestTls: connect });
}

async function* chunksOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } catch (error) {
    throw unanswered(error);
  }
}

function unanswered(error: unknown): ApiError {
  return new ApiError(0, '', error instanceof Error ? error.message : String(error), { cause: error });
}

async function refusal({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<ApiError> {
  const text = await body.text().catch(() => '');
  const options = { retryAfterMs: retryAfterMs(statusCode, headers['retry-after']) };
  try {
    const { reason, message } = JSON.parse(text) as { reason?: unknown; message?: unknown };
    return new ApiError(statusCode, String(reason ?? ''), String(message ?? text), options);
  } catch {
    return new ApiError(statusCode, '', text.slice(0, 500) || `status ${statusCode}`, options);
  }
}

/** The API server gives seconds, never a date. */
function retryAfterMs(status: number, header: unknown): number {
  if ((status !== 429 && status !== 503) || typeof header !== 'string' || !/^\d+$/.test(header)) return 0;
  return Math.min(MAX_RETRY_AFTER_MS, 1000 * Number(header));
}
