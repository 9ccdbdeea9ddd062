/** A real HTTP server in the controller's place: takes reports and subscriptions, streams what the test writes. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { json, text } from 'node:stream/consumers';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';
import type { AssignmentLine, Subscription } from '../../../contract/assignment-stream.ts';

export class ControllerStub {
  /** The reports of either form, oldest first, as JSON. */
  readonly reports: string[] = [];
  /** It knows only what controllers of the version before know. */
  isOld = false;
  /** Answer to the next reports. */
  reportStatus = 204;
  /** How many requests with several reports were begun. */
  reportStreams = 0;
  /** Are they answered at their end? */
  answersStreams = true;
  /** How often an agent opened the stream. */
  streams = 0;
  /** What agents asked for, oldest first. */
  readonly subscriptions: Subscription[] = [];
  /** What each new stream begins with. */
  greeting: (subscription: Subscription) => string = () => '';
  /** What each new stream of the version before begins with. */
  oldGreeting: () => string = () => '';
  #open = new Set<ServerResponse>();
  #oldOpen = new Set<ServerResponse>();
  #http = createServer((request, response) => {
    const path = request.url ?? '';
    if (path.startsWith('/agent/v1/assignments?node=')) {
      this.#stream(response, this.#oldOpen, () => this.oldGreeting());
    } else if (path.startsWith('/agent/v2/') && this.isOld) {
      request.resume();
      response.writeHead(404).end(JSON.stringify({ code: 'UNKNOWN_PATH' }));
    } else if (path === '/agent/v2/assignments') {
      void this.#subscribe(request, response);
    } else if (path.endsWith('/reports/stream')) {
      this.#reportLines(request, response);
    } else {
      void this.#report(request, response);
    }
  });

  async #subscribe(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const subscription = (await json(request)) as Subscription;
    this.subscriptions.push(subscription);
    this.#stream(response, this.#open, () => this.greeting(subscription));
  }

  #stream(response: ServerResponse, open: Set<ServerResponse>, greet: () => string): void {
    this.streams++;
    const greeting = greet();
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    if (greeting !== '') response.write(greeting);
    open.add(response);
    response.on('close', () => open.delete(response));
  }

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

  /** Writes to every open stream of this version. */
  write(text: string | Uint8Array): void {
    for (const response of this.#open) response.write(text);
  }

  send(line: AssignmentLine): void {
    this.write(`${JSON.stringify(line)}\n`);
  }

  /** Writes to every open stream of the version before. */
  sendOld(update: AssignmentUpdate): void {
    for (const response of this.#oldOpen) response.write(`${JSON.stringify(update)}\n`);
  }

  /** Breaks every open stream. */
  disconnect(): void {
    for (const response of [...this.#open, ...this.#oldOpen]) response.destroy();
  }

  async close(): Promise<void> {
    this.disconnect();
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }
}
