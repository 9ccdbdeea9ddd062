/** The OpenAPI document: its head, and what all routes share. */
import type { SwaggerOptions } from '@fastify/swagger';
import { type TSchema, Type } from 'typebox';
import packageJson from '../../package.json' with { type: 'json' };
import { Problem } from './problem.ts';

const NOT_MODIFIED = Type.Null({ description: 'Not modified since the ETag in If-None-Match' });

const IF_NONE_MATCH = Type.Object({
  'if-none-match': Type.Optional(Type.String({ description: 'ETag of the copy that the client already has' })),
});

/** Answers made from decisions have an ETag. Streams have none because they do not end. */
const CACHED_TAGS: readonly string[] = ['services', 'weights', 'pauses', 'policies', 'decisions', 'history', 'state'];

/** Problem documents have a media type of their own. */
function withProblems(responses: Readonly<Record<string, TSchema>>): object {
  return Object.fromEntries(
    Object.entries(responses).map(([status, schema]) => {
      if (status !== 'default' && Number(status) < 400) return [status, schema];
      const description = status === 'default' ? 'Anything else that went wrong' : 'What is wrong, and what to do';
      return [status, { description, content: { 'application/problem+json': { schema } } }];
    }),
  );
}

export const apiDocument: SwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: packageJson.name,
      description: packageJson.description,
      version: packageJson.version,
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    tags: [
      { name: 'services', description: 'Balanced services and the reasons for their weights' },
      { name: 'weights', description: 'Weights in force, and weights set by hand' },
      { name: 'pauses', description: 'Pauses: weights stay as they are' },
      { name: 'policies', description: 'Which services Ballast balances, and the status of each policy' },
      { name: 'decisions', description: 'Recent decisions and their reasons' },
      { name: 'history', description: 'Time series of the last ten minutes, one point for every two seconds' },
      { name: 'simulation', description: 'Decisions under hypothetical changes' },
      { name: 'state', description: 'Replicas, nodes, proxies, and findings about them' },
      { name: 'stream', description: 'Decisions as they are made' },
      { name: 'agents', description: 'What host agents call' },
      { name: 'health', description: 'For kubelet and Prometheus' },
    ],
  },
  transform({ schema, url, route }) {
    const isCached =
      [route.method].flat().includes('GET') && (schema.tags ?? []).some((tag) => CACHED_TAGS.includes(tag));
    const response = withProblems({
      ...(schema.response as Readonly<Record<string, TSchema>>),
      ...(isCached && { 304: NOT_MODIFIED }),
      default: Problem,
    });
    return { schema: { ...schema, ...(isCached && { headers: IF_NONE_MATCH }), response }, url };
  },
};
