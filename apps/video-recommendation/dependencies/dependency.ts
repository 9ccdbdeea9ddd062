/**
 * Calls to one other service, over connections used in turn. Each has a deadline and is counted by the replica that
 * answered.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Client } from 'undici';
import type { TraceHeaders } from '../../service/trace.ts';
import { type Answer, answered, refused } from '../http/answer.ts';
import type { Traffic } from '../statistics/traffic.ts';
import type { ServicePlace } from './addressing.ts';
import { Connections } from './connections.ts';

const MAX_MESSAGE = 200;
const REPLICA_NAME = /^[A-Za-z0-9][-.A-Za-z0-9]{0,252}$/;

export interface CallSettings {
  /** Connections to each service. */
  readonly poolSize: number;
  /** A call fails if the answer has not arrived within this time, ms. */
  readonly deadlineMs: number;
}

export interface Served {
  readonly body: unknown;
  /** From `x-served-by`; undefined if the response has none. */
  readonly replica: string | undefined;
}

interface Received extends Served {
  readonly status: number;
  readonly text: string;
}

export class Dependency {
  readonly #place: ServicePlace;
  readonly #deadlineMs: number;
  readonly #connections: Connections;
  readonly #traffic: Traffic;

  constructor(place: ServicePlace, { poolSize, deadlineMs }: CallSettings, traffic: Traffic) {
    this.#place = place;
    this.#deadlineMs = deadlineMs;
    this.#connections = new Connections(place.address, poolSize);
    this.#traffic = traffic;
  }

  /**
   * The JSON of a 200. A refusal names the service: 502 for its failure, 503 if it cannot be reached, 504 after the
   * deadline. A 404 keeps the service's own message.
   */
  async get(path: string, trace: TraceHeaders): Promise<Answer<Served>> {
    const start = performance.now();
    const { name: dependency } = this.#place;
    const count = (replica: string | undefined, hasFailed: boolean): void =>
      this.#traffic.record({ dependency, replica, ms: performance.now() - start, hasFailed });
    try {
      const received = await this.#connections.use((client) => this.#receive(client, path, trace));
      const hasAnswer = received.status === 200 && received.body !== undefined;
      count(received.replica, received.status >= 500 || (received.status === 200 && !hasAnswer));
      return hasAnswer ? answered(received) : this.#refusalOf(received);
    } catch (error) {
      count(undefined, true);
      return this.#failureOf(error);
    }
  }

  /** Cancels the calls in flight. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #receive(client: Client, path: string, trace: TraceHeaders): Promise<Received> {
    const { statusCode, headers, body } = await client.request({
      method: 'GET',
      path,
      headers: { ...trace, host: this.#place.host, accept: 'application/json' },
      signal: AbortSignal.timeout(this.#deadlineMs),
    });
    const text = await body.text();
    return { status: statusCode, text, body: parsed(text), replica: replicaOf(headers) };
  }

  #refusalOf({ status, text, body }: Received): Answer<never> {
    const message = messageOf(body);
    // A 404 without a message comes from a proxy that does not know the service.
    if (message !== undefined && status === 404) return refused(status, message);
    const { name } = this.#place;
    if (status === 200) return refused(502, `${name} did not answer with JSON`);
    const reason = message ?? text.slice(0, MAX_MESSAGE);
    return refused(status === 503 ? 503 : 502, `${name} answered ${status}${reason === '' ? '' : `: ${reason}`}`);
  }

  #failureOf(error: unknown): Answer<never> {
    const { name } = this.#place;
    if (error instanceof Error && error.name === 'TimeoutError') {
      return refused(504, `${name} did not answer within ${this.#deadlineMs} ms`);
    }
    return refused(503, `${name} cannot be reached: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Undefined if the text is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function messageOf(body: unknown): string | undefined {
  const message: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'message') : undefined;
  return typeof message === 'string' ? message.slice(0, MAX_MESSAGE) : undefined;
}

function replicaOf(headers: IncomingHttpHeaders): string | undefined {
  const name = headers['x-served-by'];
  return typeof name === 'string' && REPLICA_NAME.test(name) ? name : undefined;
}
