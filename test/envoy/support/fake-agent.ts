/** A node agent for tests: serves the table that the test sets, by long poll, and keeps the statistics. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServiceAssignment } from '../../../contract/assignment.ts';
import { decodeProxyStatistics } from '../../../contract/proxy-statistics.ts';
import { encodeProxyTable } from '../../../contract/proxy-table.ts';
import type { ProxyCounters } from '../../../contract/report.ts';

export class FakeAgent implements AsyncDisposable {
  /** Newest statistics of each plugin VM, by its instance. */
  readonly statistics = new Map<string, ProxyCounters>();
  /** Messages that did not decode. */
  readonly malformed: string[] = [];
  /** Polls answered or held so far. */
  polls = 0;
  #server: Server = createServer();
  #port = 0;
  #version = 0;
  #table: Uint8Array = new Uint8Array();
  #held: ServerResponse[] = [];

  static async start(): Promise<FakeAgent> {
    const agent = new FakeAgent();
    await agent.resume();
    return agent;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get held(): number {
    return this.#held.length;
  }

  /** Publishes a new version of the table. */
  publish(services: readonly ServiceAssignment[], validForMs = 60_000): number {
    this.#version++;
    this.#table = encodeProxyTable(this.#version, validForMs, services);
    for (const response of this.#held.splice(0)) response.end(this.#table);
    return this.#version;
  }

  /** Stops answering, as an agent that was killed; `resume` brings it back on the same port. */
  async pause(): Promise<void> {
    this.#held = [];
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async resume(): Promise<void> {
    this.#server = createServer((request, response) => {
      if (request.method === 'POST') {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          this.#keep(Buffer.concat(parts));
          response.writeHead(204).end();
        });
        return;
      }
      this.polls++;
      const version = Number(new URL(request.url ?? '/', 'http://agent').searchParams.get('version'));
      if (this.#version !== 0 && this.#version !== version) {
        response.end(this.#table);
        return;
      }
      this.#held.push(response);
      response.on('close', () => {
        this.#held = this.#held.filter((held) => held !== response);
      });
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.pause();
  }

  #keep(body: Uint8Array): void {
    const decoded = decodeProxyStatistics(body);
    if (decoded.ok) this.statistics.set(decoded.value.instance, decoded.value);
    else this.malformed.push(decoded.failure.message);
  }
}
