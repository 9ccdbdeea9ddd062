/**
 * Several kept-alive connections to one service, used in turn. A balancer of connections (kube-proxy, any TCP balancer)
 * ties each connection to one replica, so a single connection would send all requests to one replica. A pool of undici
 * does not help: it opens another connection only when all are busy, and a caller with few requests never gets there.
 */
import { Client } from 'undici';

const CONNECT_MS = 1000;
const IDLE_MS = 60_000;
/** Far above the largest answer of the application. */
const MAX_BYTES = 1024 * 1024;

interface Connection {
  readonly client: Client;
  inFlight: number;
}

export class Connections {
  readonly #connections: readonly Connection[];
  #last = -1;

  /** @param address `host:port`, connected to when it is first asked */
  constructor(address: string, size: number) {
    this.#connections = Array.from({ length: size }, () => ({
      client: new Client(`http://${address}`, {
        connect: { timeout: CONNECT_MS },
        keepAliveTimeout: IDLE_MS,
        maxResponseSize: MAX_BYTES,
      }),
      inFlight: 0,
    }));
  }

  /** Runs `work` with the next connection, which counts as busy until `work` has ended. */
  async use<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const connection = this.#next();
    connection.inFlight += 1;
    try {
      return await work(connection.client);
    } finally {
      connection.inFlight -= 1;
    }
  }

  /** Closes all connections and cancels the requests on them. */
  async close(): Promise<void> {
    await Promise.all(this.#connections.map(({ client }) => client.destroy()));
  }

  /** The next connection in turn among those with the fewest requests in flight. */
  #next(): Connection {
    const { length } = this.#connections;
    const inTurn = this.#connections.map((_, step) => (this.#last + 1 + step) % length);
    let chosen = inTurn[0] ?? 0;
    for (const index of inTurn) {
      if ((this.#connections[index]?.inFlight ?? 0) < (this.#connections[chosen]?.inFlight ?? 0)) chosen = index;
    }
    this.#last = chosen;
    const connection = this.#connections[chosen];
    if (!connection) throw new Error('there is no connection: the size must be at least 1');
    return connection;
  }
}
