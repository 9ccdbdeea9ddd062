/** Checks what came in against the schema of its route. */
import type { FastifySchemaCompiler } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** As JSON writes whole numbers: what else could be taken for one, such as `true`, is no number in a path or query. */
const WHOLE_NUMBER = /^-?(?:0|[1-9]\d*)$/;

/** Path and query hold text: what is to be a whole number is read as one. */
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
    return compiled.Check(value) ? { value } : { error: compiled.Errors(value) as unknown as Error };
  };
};
