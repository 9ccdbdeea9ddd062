/** A replica's application for tests: answers with its name and the headers that it got. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Application implements AsyncDisposable {
  readonly name: string;
  /** Requests that reached it. */
  seen = 0;
  /** Headers that it adds to its answers. */
  answer: Record<string, string> = {};
  status = 200;
  /** How long it takes, ms. */
  delayMs = 0;
  /** Reads the request and then cuts the connection, as an application that crashes on it. */
  crashes = false;
  #server: Server = createServer();
  #port = 0;

  private constructor(name: string) {
    this.name = name;
  }

  static async start(name: string): Promise<Application> {
    const application = new Application(name);
    await application.revive();
    return application;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Dies as by `kill -9`: connections are cut, new ones refused. */
  async kill(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async revive(): Promise<void> {
    // Node would close idle connections after 5 s, under the feet of requests that are on their way.
    this.#server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      this.seen++;
      request.resume();
      if (this.crashes) {
        request.socket.destroy();
        return;
      }
      setTimeout(() => {
        response.writeHead(this.status, { ...this.answer, 'content-type': 'application/json' });
        response.end(JSON.stringify({ name: this.name, headers: request.headers }));
      }, this.delayMs);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.kill();
  }
}
