/** A replica that can be killed while it holds requests, or be full and refuse them. */
import { once } from 'node:events';
import { createServer } from 'node:http';

const SERVICE_MS = 5;

export class Replica implements AsyncDisposable {
  /** Answers 503 at once, as a sidecar for its application that is full. */
  full = false;
  reached = 0;
  address = '';
  readonly #server = createServer((request, response) => {
    this.reached++;
    if (this.full) return void response.writeHead(503).end();
    setTimeout(() => response.writeHead(200, { 'x-replica': this.address }).end('ok'), SERVICE_MS);
    request.resume();
  });

  static async start(): Promise<Replica> {
    const replica = new Replica();
    replica.#server.keepAliveTimeout = 60_000;
    await once(replica.#server.listen(0, '127.0.0.1'), 'listening');
    const bound = replica.#server.address();
    if (bound === null || typeof bound === 'string') throw new Error('the replica has no port');
    replica.address = `127.0.0.1:${bound.port}`;
    return replica;
  }

  kill(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.kill();
    await closed;
  }
}
