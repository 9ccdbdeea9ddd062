/** Validates a request against the schemas of its route. */
import type { FastifySchemaCompiler } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { boundedErrors } from '../../contract/bounded-errors.ts';

/** JSON's form of an integer; other texts that convert to a number, such as `true`, are refused. */
const WHOLE_NUMBER = /^-?(?:0|[1-9]\d*)$/;

/** Path and query are text, so integers in them are converted first. */
function withNumbers(schema: TSchema, given: unknown): unknown {
  if (!Type.IsObject(schema) || typeof given !== 'object' || given === null) return given;
  const { properties } = schema;
  return Object.fromEntries(
    Object.entries(given).map(([name, value]: [string, unknown]) => {
      const wanted = Object.hasOwn(properties, name) ? properties[name] : undefined;
      const isNumber = wanted !== undefined && Type.IsInteger(wanted) && typeof value === 'string';
      return [name, isNumber && WHOLE_NUMBER.test(value) ? Number(value) : value];
    }),
  );
}

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema);
  return (given: unknown) => {
    const value = httpPart === 'body' ? given : withNumbers(schema, given);
    return compiled.Check(value) ? { value } : { error: boundedErrors(schema, value) as unknown as Error };
  };
};
