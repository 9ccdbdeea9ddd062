/** Sends requests over kept-alive HTTP/1.1 connections, one at a time on each. */
import { buildConnector, type Dispatcher, errors, Pool } from 'undici';
import type { Outcome } from '../measure/tally.ts';
import type { PlannedRequest } from '../workload/requests.ts';
import type { Sender } from './open-loop.ts';
import { skipContinue } from './skip-continue.ts';

/** What Envoy takes from a server by default. Node's own limit of 16 KiB would fail answers that browsers get. */
const MAX_HEADER_BYTES = 60 * 1024;

export interface HttpSenderOptions {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly connections: number;
  /** Time limit for opening a connection, ms. The open loop limits the time of the answer. */
  readonly connectTimeoutMs: number;
  /** Headers of every request, by their names in lower case. They override the request's own. */
  readonly headers: Readonly<Record<string, string>>;
  /** Response header whose value names the replica that answered. */
  readonly replicaHeader?: string;
}

export function httpSender(options: HttpSenderOptions): Sender {
  const connect = buildConnector({ timeout: options.connectTimeoutMs });
  const pool = new Pool(options.origin, {
    connections: options.connections,
    pipelining: 1,
    connect: (target, done) =>
      connect(target, (...[error, socket]) => {
        if (error) done(error, null);
        else done(null, skipContinue(socket));
      }),
    headersTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    bodyTimeout: 0,
    keepAliveTimeout: 60_000,
    keepAliveMaxTimeout: 600_000,
  });
  return {
    connections: options.connections,
    send(request: PlannedRequest, done: (outcome: Outcome) => void): () => void {
      const exchange = new Exchange(options.replicaHeader, done);
      const { method, path, body = null } = request;
      const headers = request.headers ? { ...request.headers, ...options.headers } : options.headers;
      pool.dispatch({ method, path, headers, body }, exchange);
      return () => exchange.abort();
    },
    close: () => pool.destroy(),
  };
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #replicaHeader: string | undefined;
  readonly #done: (outcome: Outcome) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #aborted = false;
  #status = 0;
  #bytes = 0;
  #replica: string | undefined;

  constructor(replicaHeader: string | undefined, done: (outcome: Outcome) => void) {
    this.#replicaHeader = replicaHeader;
    this.#done = done;
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort(new Error('timed out'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The connection opened after the timeout.
    if (this.#aborted) controller.abort(new Error('timed out'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.#status = status;
    if (this.#replicaHeader === undefined) return;
    const value = headers[this.#replicaHeader];
    if (value !== undefined) this.#replica = String(value);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
  }

  onResponseEnd(): void {
    const answer = { kind: 'answered', status: this.#status, bytes: this.#bytes } as const;
    this.#done(this.#replica === undefined ? answer : { ...answer, replica: this.#replica });
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    // Our own client refuses to send the request. Flags and mixes are checked for that, so it is a defect.
    if (error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError) throw error;
    // A 304 announces the length of what it does not send (RFC 9110, 15.4.5), and undici misses the body.
    if (this.#status === 304 && error instanceof errors.ResponseContentLengthMismatchError) return this.onResponseEnd();
    this.#done({ kind: this.#controller ? 'reset' : 'connect' });
  }
}
