/** One server that is many replicas: each has a loopback address of its own, and answers with its name. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Addresses with the same third byte. */
const ROW = 250;

export class Crowd implements AsyncDisposable {
  readonly names: readonly string[];
  readonly #prefix: string;
  #server = createServer();
  #port = 0;

  private constructor(prefix: string, count: number) {
    this.#prefix = prefix;
    this.names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  }

  /** Starts `count` replicas `<prefix>-0` and so on, at most 62,500. */
  static async start(prefix: string, count: number): Promise<Crowd> {
    const crowd = new Crowd(prefix, count);
    await crowd.revive();
    return crowd;
  }

  address(name: string): string {
    const i = Number(name.split('-').at(-1));
    return `127.30.${1 + Math.floor(i / ROW)}.${1 + (i % ROW)}:${this.#port}`;
  }

  async kill(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async revive(): Promise<void> {
    // Node would close idle connections after 5 s, while requests may be on their way.
    this.#server = createServer({ keepAliveTimeout: 0 }, (incoming, response) => {
      const [, , c, d] = (incoming.socket.localAddress ?? '').split('.').map(Number);
      response.end(`${this.#prefix}-${((c ?? 0) - 1) * ROW + (d ?? 0) - 1}`);
    });
    this.#server.listen(this.#port, '0.0.0.0');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.kill();
  }
}
