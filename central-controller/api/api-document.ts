/** The OpenAPI document: what is said of the whole, and what all routes have in common. */
import type { SwaggerOptions } from '@fastify/swagger';
import { type TSchema, Type } from 'typebox';
import packageJson from '../../package.json' with { type: 'json' };
import { Problem } from './problem.ts';

const NOT_MODIFIED = Type.Null({ description: 'As it was when it had the ETag that If-None-Match names' });

const IF_NONE_MATCH = Type.Object({
  'if-none-match': Type.Optional(Type.String({ description: 'ETag of what one has already' })),
});

/** What the decisions answer has an ETag, but for streams, which do not end. */
const CACHED_TAGS: readonly string[] = ['services', 'weights', 'pauses', 'policies', 'decisions', 'history', 'state'];

/** Problems with the media type that they have, which is not that of all else. */
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
      { name: 'weights', description: 'Weights in force, and setting them by hand' },
      { name: 'pauses', description: 'Stopping at once: weights stay as they are' },
      { name: 'policies', description: 'What is to be balanced, and what has become of it' },
      { name: 'decisions', description: 'What was decided lately, and why' },
      { name: 'history', description: 'Figures of the last ten minutes, one of each two seconds' },
      { name: 'simulation', description: 'What would be decided if things were otherwise' },
      { name: 'state', description: 'Replicas, nodes, proxies, and what is wrong with them' },
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
