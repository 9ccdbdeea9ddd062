/** The HTTP server to which each service adds its routes. */
import fastify, { type FastifyInstance } from 'fastify';
import { refused, sendAnswer } from './answer.ts';

/** Answers every error as `{"message": …}`. Defects are logged. */
export function createServer(): FastifyInstance {
  const server = fastify({
    keepAliveTimeout: 0,
    forceCloseConnections: false,
    return503OnClosing: false,
    // Fastify cannot decode such a path, so no route sees the request.
    frameworkErrors: (error, _request, reply) => void sendAnswer(reply, refused(400, `path: ${error.message}`)),
  });
  server.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ message: `${request.method} ${request.url.split('?', 1)[0]} is not served here` }),
  );
  server.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ message: error.message });
    console.error(`${request.method} ${request.url}:`, error);
    return reply.code(500).send({ message: 'an error in this service; its log has the details' });
  });
  return server;
}
