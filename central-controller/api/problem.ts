/** Errors as problem documents (RFC 9457). */
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { ERRORS, type Failure } from '../../contract/errors.ts';

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Identifies the kind of problem' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: "Entry in Ballast's catalogue of errors" }),
    detail: Type.String({ description: 'The fault, with the name of the field' }),
    remedy: Type.String({ description: 'What to do next' }),
  },
  { title: 'Problem' },
);

/** Answers with the failure. `status` overrides the catalogue's status. */
export function sendProblem(reply: FastifyReply, failure: Failure, status: number = ERRORS[failure.code].status): void {
  const { remedy } = ERRORS[failure.code];
  const title = failure.code.toLowerCase().replaceAll('_', ' ');
  const problem = { type: `urn:ballast:problem:${failure.code}`, title, status, code: failure.code };
  void reply
    .code(status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({ ...problem, detail: failure.message, remedy });
}
