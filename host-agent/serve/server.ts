/**
 * The agent's side towards this node's proxies: what they want and count by post, and the agent's own health. On plain
 * node:http, since its few requests a second are to cost next to nothing.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Failure } from '../../contract/errors.ts';
import { decodeProxySync, type ProxySync } from '../../contract/proxy-sync.ts';
import type { ProxyCounters } from '../../contract/report.ts';
import { Bodies, discardBody, type NoBody } from './body.ts';
import { answerPlugin, type Plugin, PLUGIN_PATH } from './plugin-file.ts';
import { answerProblem } from './problem.ts';
import type { ProxyTables } from './proxy-tables.ts';

/** A proxy's statistics are some kB, of the largest mesh 1 MiB; all at once must fit into a small pod beside the rest. */
const BODIES = { each: 1024 * 1024, together: 8 * 1024 * 1024 };
const CONNECTIONS = 4000;

export interface Health {
  /** Assignments are held and have not expired. */
  readonly ready: boolean;
  /** What an operator wants to see beside it. */
  readonly detail: Readonly<Record<string, string | number | boolean>>;
}

export interface ServerPorts {
  readonly tables: ProxyTables;
  /** What a VM counted. */
  readonly statistics: (message: ProxySync) => void;
  /** The same of a plugin of the version before. */
  readonly oldStatistics: (counters: ProxyCounters) => void;
  readonly refused: (failure: Failure) => void;
  readonly health: () => Health;
  /** Undefined: none is served here. */
  readonly plugin: Plugin | undefined;
  readonly metrics: () => Promise<{ type: string; body: string }>;
}

export class ProxyServer {
  readonly #ports: ServerPorts;
  readonly #bodies = new Bodies(BODIES);
  readonly #http: Server;

  constructor(ports: ServerPorts) {
    this.#ports = ports;
    this.#http = createServer({ keepAliveTimeout: 120_000, headersTimeout: 10_000, requestTimeout: 30_000 });
    this.#http.maxConnections = CONNECTIONS;
    this.#http.on('request', (request, response) => this.#route(request, response));
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

  /** Stops listening; requests that wait are answered. */
  async close(): Promise<void> {
    this.#ports.tables.close();
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
    if (route === 'POST /v1/sync') return this.#bodies.read(request, (body) => this.#sync(response, body));
    if (route === 'POST /v1/statistics') return this.#bodies.read(request, (body) => this.#statistics(response, body));
    discardBody(request);
    switch (route) {
      case 'GET /v1/table': {
        const query = new URLSearchParams(question < 0 ? '' : url.slice(question + 1));
        return this.#ports.tables.oldPlugins.poll(query, response);
      }
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

  #sync(response: ServerResponse, body: Buffer | NoBody): void {
    if (response.destroyed) return undefined;
    if (typeof body === 'string') return this.#refuseBody(response, body);
    const decoded = decodeProxySync(body);
    if (!decoded.ok) return this.#refuse(response, decoded.failure);
    this.#ports.statistics(decoded.value);
    if (decoded.value.holdMs === 0) return answerEmpty(response);
    const taken = this.#ports.tables.answers.take(decoded.value, (bytes) => answerBytes(response, bytes));
    if (taken === 'refused') {
      return answerProblem(response, { code: 'INVALID_REQUEST', message: 'holdMs: too many requests wait' }, 503);
    }
    if (taken !== 'answered') response.on('close', taken.cancel);
    return undefined;
  }

  #statistics(response: ServerResponse, body: Buffer | NoBody): void {
    if (response.destroyed) return undefined;
    if (typeof body === 'string') return this.#refuseBody(response, body);
    const read = this.#ports.tables.oldPlugins.read(body);
    if (!read.ok) return this.#refuse(response, read.failure);
    this.#ports.oldStatistics(read.value);
    return answerEmpty(response);
  }

  #refuse(response: ServerResponse, failure: Failure): void {
    this.#ports.refused(failure);
    answerProblem(response, failure);
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

function answerBytes(response: ServerResponse, bytes: Buffer): void {
  response.writeHead(200, ['content-type', 'application/octet-stream', 'content-length', String(bytes.length)]);
  response.end(bytes);
}

function answerEmpty(response: ServerResponse): void {
  response.writeHead(204);
  response.end();
}

function answerText(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, ['content-type', type, 'content-length', String(Buffer.byteLength(body))]);
  response.end(body);
}
