/** Users with their subscriptions and likes: `GET /users?ids=1,2` -> `{users}` in the given order. */
import type { FastifyInstance } from 'fastify';
import { UserDirectory } from '../data/users.ts';
import { refused, sendAnswer } from '../http/answer.ts';
import { readUserIds } from '../http/fields.ts';

export function addUserRoutes(server: FastifyInstance, maxBatchSize: number): void {
  const directory = new UserDirectory();
  server.get('/users', async (request, reply) => {
    const ids = readUserIds(request.query, maxBatchSize);
    if (!ids.ok) return sendAnswer(reply, ids);
    const unknown = ids.value.find((id) => !directory.has(id));
    if (unknown !== undefined) return sendAnswer(reply, refused(404, `ids: there is no user ${unknown}`));
    return { users: ids.value.map((id) => directory.user(id)) };
  });
}
