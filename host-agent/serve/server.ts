/**
 * The agent's side towards this node's proxies: the table by long poll, statistics by post, and its own health.
 * On plain node:http, since its few requests a second are to cost next to nothing.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Failure } from '../../contract/errors.ts';
import { decodeProxyStatistics } from '../../contract/proxy-statistics.ts';
import type { ProxyCounters } from '../../contract/report.ts';
import { Bodies, discardBody, type NoBody } from './body.ts';
import { LongPolls, type Waiter } from './long-polls.ts';
import { type Plugin, PLUGIN_PATH } from './plugin-file.ts';
import { answerProblem } from './problem.ts';
import type { Table, TableStore } from './table-store.ts';

/** A poll that hears nothing new is answered 304 after this. */
const HOLD_MS = 20_000;
/** A proxy's statistics are some kB, of the largest mesh 1 MiB; all at once must fit into a small pod beside the rest. */
const BODIES = { each: 1024 * 1024, together: 8 * 1024 * 1024 };
const CONNECTIONS = 4000;
const POLLS = 4000;

export interface Health {
  /** Assignments are held and have not expired. */
  readonly ready: boolean;
  /** What an operator wants to see beside it. */
  readonly detail: Readonly<Record<string, string | number | boolean>>;
}

export interface ServerPorts {
  readonly board: TableStore;
  /** Monotonic clock, ms. */
  readonly now: () => number;
  readonly statistics: (counters: ProxyCounters) => void;
  readonly refused: (failure: Failure) => void;
  readonly health: () => Health;
  /** Undefined: none is served here. */
  readonly plugin: Plugin | undefined;
  readonly metrics: () => Promise<{ type: string; body: string }>;
}

export class ProxyServer {
  #ports: ServerPorts;
  #polls = new LongPolls(POLLS);
  #bodies = new Bodies(BODIES);
  #http: Server;

  constructor(ports: ServerPorts) {
    this.#ports = ports;
    this.#http = createServer({ keepAliveTimeout: 120_000, headersTimeout: 10_000, requestTimeout: 30_000 });
    this.#http.maxConnections = CONNECTIONS;
    this.#http.on('request', (request, response) => this.#route(request, response));
  }

  /** Proxies whose poll waits just now. */
  get waiting(): number {
    return this.#polls.size;
  }

  /** Listens; resolves with the address, or rejects when it is taken. */
  async listen(host: string, port: number): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, host, resolve);
    });
    const address = this.#http.address();
    if (address === null || typeof address === 'string') throw new Error('listens on no TCP port');
    return address;
  }

  /** The table's version rose: every waiting proxy gets it. */
  push(): void {
    this.#polls.release();
  }

  tick(): void {
    this.#polls.tick(this.#ports.now());
  }

  /** Stops listening; polls that wait are answered, so that proxies come back to whoever follows. */
  async close(): Promise<void> {
    this.#polls.tick(Infinity);
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    response.sendDate = false;
    const url = request.url ?? '/';
    const question = url.indexOf('?');
    const route = `${request.method} ${question < 0 ? url : url.slice(0, question)}`;
    if (route === 'POST /v1/statistics') {
      return this.#bodies.read(request, (body) => this.#statistics(response, body));
    }
    discardBody(request);
    switch (route) {
      case 'GET /v1/table':
        return this.#table(response, new URLSearchParams(question < 0 ? '' : url.slice(question + 1)));
      case 'GET /livez':
        return answerText(response, 200, 'text/plain', 'ok\n');
      case 'GET /readyz':
        return this.#ready(response);
      case 'GET /metrics':
        this.#metrics(response).catch(() => response.destroy());
        return undefined;
      default: {
        const digest = PLUGIN_PATH.exec(route)?.[1];
        const { plugin } = this.#ports;
        if (digest !== undefined && plugin !== undefined) return answerPlugin(response, plugin, digest);
        return answerProblem(response, { code: 'INVALID_REQUEST', message: `${route}: no such resource` }, 404);
      }
    }
  }

  #table(response: ServerResponse, query: URLSearchParams): void {
    const held = query.get('version') ?? '0';
    if (!/^\d{1,20}$/.test(held)) {
      return answerProblem(response, { code: 'INVALID_REQUEST', message: 'version: must be a whole number' });
    }
    const now = this.#ports.now();
    const table = this.#ports.board.table(now);
    // Another version, not a higher one: the proxy may hold that of an agent which is no more.
    if (table !== undefined && String(table.version) !== held) return answerTable(response, table);
    const waiter: Waiter = {
      until: now + HOLD_MS,
      changed: () => {
        const current = this.#ports.board.table(this.#ports.now());
        if (current === undefined) answerUnchanged(response);
        else answerTable(response, current);
      },
      unchanged: () => answerUnchanged(response),
    };
    if (!this.#polls.add(waiter)) {
      return answerProblem(response, { code: 'INVALID_REQUEST', message: `more than ${POLLS} polls wait` }, 503);
    }
    response.on('close', () => this.#polls.remove(waiter));
    return undefined;
  }

  #statistics(response: ServerResponse, body: Buffer | NoBody): void {
    if (response.destroyed) return;
    if (typeof body === 'string') return this.#refuseBody(response, body);
    const decoded = decodeProxyStatistics(body);
    if (decoded.ok) {
      this.#ports.statistics(decoded.value);
      response.writeHead(204);
      response.end();
      return;
    }
    this.#ports.refused(decoded.failure);
    answerProblem(response, decoded.failure);
  }

  #refuseBody(response: ServerResponse, why: NoBody): void {
    const [failure, status]: [Failure, number] =
      why === 'too large'
        ? [{ code: 'MALFORMED_STATISTICS', message: `body: larger than ${BODIES.each} bytes` }, 413]
        : [{ code: 'INVALID_REQUEST', message: `body: slow, while others came of ${BODIES.together} bytes` }, 503];
    this.#ports.refused(failure);
    // The rest of the body is not read: the connection ends with the answer.
    response.shouldKeepAlive = false;
    answerProblem(response, failure, status);
  }

  #ready(response: ServerResponse): void {
    const { ready, detail } = this.#ports.health();
    answerText(response, ready ? 200 : 503, 'application/json', `${JSON.stringify({ ready, ...detail })}\n`);
  }

  async #metrics(response: ServerResponse): Promise<void> {
    const { type, body } = await this.#ports.metrics();
    answerText(response, 200, type, body);
  }
}

function answerTable(response: ServerResponse, table: Table): void {
  response.writeHead(200, [
    'content-type',
    'application/octet-stream',
    'content-length',
    String(table.bytes.length),
    'x-ballast-assignment',
    String(table.assignment),
  ]);
  response.end(table.bytes);
}

/**
 * A digest that is not known here may be known to an agent of another version: Istio asks again after a 503, at once and
 * a few times, and gives up on a 404.
 */
function answerPlugin(response: ServerResponse, plugin: Plugin, digest: string): void {
  if (digest !== plugin.digest) {
    const message = `plugin: this agent has ${plugin.digest}, not ${digest}`;
    return answerProblem(response, { code: 'UNKNOWN_PLUGIN', message });
  }
  response.writeHead(200, ['content-type', 'application/wasm', 'content-length', String(plugin.bytes.length)]);
  response.end(plugin.bytes);
  return undefined;
}

function answerUnchanged(response: ServerResponse): void {
  response.writeHead(304);
  response.end();
}

function answerText(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, ['content-type', type, 'content-length', String(Buffer.byteLength(body))]);
  response.end(body);
}
