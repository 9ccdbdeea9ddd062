/** What every replica of an application has besides its routes: its name, readiness and draining. */
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import { type ListenAddress, readListenAddress } from './flags.ts';

const DRAIN_MS = 10_000;

export interface ServiceOptions {
  /** Name of this replica's pod. Every response has it as `x-served-by`. */
  readonly pod: string;
  /** `ip:port` to serve on. */
  readonly listen: string;
  /** The reason why the replica cannot serve yet, shown by `GET /readyz`; undefined when it can. */
  readonly notReady?: () => string | undefined;
  /** Receives the address in use, with the port that the system chose for port 0, before the replica prints that it serves. */
  readonly onListening?: (address: ListenAddress) => Promise<void> | void;
}

/** Adds `/livez`, `/readyz` and `x-served-by`. A draining replica is not ready and closes its connections. */
export function addReplicaRoutes(
  server: FastifyInstance,
  { pod, notReady }: Pick<ServiceOptions, 'pod' | 'notReady'>,
): void {
  let draining = false;
  server.addHook('preClose', async () => {
    draining = true;
  });
  server.addHook('onSend', async (_request, reply) => {
    reply.header('x-served-by', pod);
    if (draining) reply.header('connection', 'close');
  });
  server.get('/livez', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const reason = draining ? 'draining' : notReady?.();
    return reason === undefined ? { status: 'ok' } : reply.code(503).send({ status: reason });
  });
}

/**
 * Serves until the process gets a signal, and then until the last request has been answered.
 * Make the server with `fastify({ keepAliveTimeout: 0, forceCloseConnections: false, return503OnClosing: false })`: the
 * caller is a sidecar that keeps its connections, and closing an idle one could hit a request that is on its way.
 * @throws BallastError INVALID_FLAG; rejects if the address is taken
 */
export async function runService(server: FastifyInstance, options: ServiceOptions): Promise<void> {
  const address = readListenAddress(options.listen);
  addReplicaRoutes(server, options);
  const url = await server.listen(address);
  const bound = server.server.address();
  await options.onListening?.(typeof bound === 'object' && bound ? { ...address, port: bound.port } : address);
  closeWithGrace({ delay: DRAIN_MS }, async ({ err }) => {
    if (err) console.error(`${options.pod} stops:`, err);
    await server.close();
  });
  console.log(`${options.pod} serves on ${url}`);
}
