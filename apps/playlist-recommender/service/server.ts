/** The routes of one replica. */
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { describeFieldErrors, type FieldError } from '../../../contract/field-errors.ts';
import type { Model } from '../model/model.ts';
import { recommend } from './recommend.ts';

const BODY_BYTES = 64 * 1024;
const MAX_RECOMMENDED = 10;

const Body = Type.Object(
  { songs: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 100 }) },
  { additionalProperties: false },
);

/** The answer of `POST /api/recommend`. All of it comes from one model. */
export interface Recommendation {
  readonly songs: readonly string[];
  /** Version of the code that runs. */
  readonly version: string;
  /** When the model was mined, ISO 8601. */
  readonly model_date: string;
  /** Version that the miner gave the model. */
  readonly model_version: string;
}

/**
 * A server that does not listen yet.
 * @param model returns the newest model
 * @param version of the code
 */
export function createServer(model: () => Model | undefined, version: string): FastifyInstance {
  const server = Fastify({
    bodyLimit: BODY_BYTES,
    keepAliveTimeout: 0,
    forceCloseConnections: false,
    return503OnClosing: false,
  });
  server.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) console.error(`${request.url}:`, error);
    return reply.code(status).send({ message: messageOf(error, status) });
  });
  server
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler)
    .post('/api/recommend', { schema: { body: Body } }, async ({ body }, reply) => {
      const current = model();
      if (!current) return reply.code(503).send({ message: NO_RULES });
      const songs = recommend(current.rules, body.songs, MAX_RECOMMENDED);
      return {
        songs,
        version,
        model_date: current.date,
        model_version: current.version,
      } satisfies Recommendation;
    });
  return server;
}

/** Why a replica is not ready. */
export const NO_RULES = 'there are no rules yet: the miner has not written any';

function messageOf(error: FastifyError, status: number): string {
  if (error.validation) return describeFieldErrors(error.validation as unknown as FieldError[], 'body');
  return status >= 500 ? 'an error in this service; its log has the details' : `body: ${error.message}`;
}
