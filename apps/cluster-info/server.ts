/** The routes of one replica. */
import Fastify, { type FastifyInstance } from 'fastify';
import { takeCpu } from './cpu-work.ts';
import { hasChat, parseVersion } from './version.ts';

export interface Replica {
  readonly podIp: string;
  /** Name of the node that the pod runs on. */
  readonly node: string;
  /** Such as `1.0.1`. */
  readonly version: string;
  /** CPU time that each request to `/` takes besides its HTTP, ms. */
  readonly workMs: number;
}

/** A server that does not listen yet. It answers as text, or as JSON where `Accept` names `application/json`. */
export function createServer({ podIp, node, version, workMs }: Replica): FastifyInstance {
  const server = Fastify({ keepAliveTimeout: 0, forceCloseConnections: false, return503OnClosing: false });

  server.get('/', async (request, reply) => {
    takeCpu(workMs);
    reply.header('vary', 'accept');
    if (request.headers.accept?.includes('application/json')) return { podIp, node, version };
    return reply.type('text/plain; charset=utf-8').send(`pod ${podIp} on node ${node}, version ${version}\n`);
  });

  if (hasChat(parseVersion(version) ?? [])) {
    server.get('/chat', async (_request, reply) =>
      reply.type('text/plain; charset=utf-8').send(`Hello from pod ${podIp}, version ${version}\n`),
    );
  }
  return server;
}
