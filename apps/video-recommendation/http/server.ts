/** The HTTP server that each of the services puts its routes on. */
import fastify, { type FastifyInstance } from 'fastify';
import { refused, sendAnswer } from './answer.ts';

/** Whatever goes wrong is answered as `{"message": …}`; defects are logged and told as such. */
export function createServer(): FastifyInstance {
  const server = fastify({
    keepAliveTimeout: 0,
    forceCloseConnections: false,
    return503OnClosing: false,
    // A path that cannot be read, for which there is no route that could refuse it.
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
