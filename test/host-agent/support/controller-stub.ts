/** A real HTTP server in the controller's place: takes reports, streams what the test writes. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';

export class ControllerStub {
  /** The reports, oldest first, as JSON. */
  readonly reports: string[] = [];
  /** Answer to the next reports. */
  reportStatus = 204;
  /** How many requests with several reports were begun. */
  reportStreams = 0;
  /** Are they answered at their end? */
  answersStreams = true;
  /** How often an agent opened the stream. */
  streams = 0;
  /** What each new stream begins with. */
  greeting: () => string = () => '';
  #open = new Set<ServerResponse>();
  #http = createServer((request, response) => {
    if (request.url?.startsWith('/agent/v1/assignments?node=')) {
      this.streams++;
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.flushHeaders();
      response.write(this.greeting());
      this.#open.add(response);
      response.on('close', () => this.#open.delete(response));
      return;
    }
    if (request.url === '/agent/v1/reports/stream') this.#reportLines(request, response);
    else void this.#report(request, response);
  });

  async #report(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.reports.push(await text(request));
    response.writeHead(this.reportStatus).end();
  }

  #reportLines(request: IncomingMessage, response: ServerResponse): void {
    this.reportStreams++;
    createInterface({ input: request })
      .on('error', () => undefined)
      .on('line', (line) => {
        this.reports.push(line);
        if (this.reportStatus >= 300 && !response.writableEnded) response.writeHead(this.reportStatus).end();
      })
      .on('close', () => {
        if (this.answersStreams && request.complete && !response.writableEnded) response.writeHead(204).end();
      });
  }

  async listen(): Promise<URL> {
    await new Promise<void>((resolve) => {
      this.#http.listen(0, '127.0.0.1', resolve);
    });
    return new URL(`http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`);
  }

  /** Writes to every open stream. */
  write(text: string | Uint8Array): void {
    for (const response of this.#open) response.write(text);
  }

  send(update: AssignmentUpdate): void {
    this.write(`${JSON.stringify(update)}\n`);
  }

  /** Breaks every open stream. */
  disconnect(): void {
    for (const response of this.#open) response.destroy();
  }

  async close(): Promise<void> {
    this.disconnect();
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }
}
