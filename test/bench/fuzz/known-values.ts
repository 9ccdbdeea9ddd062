/** An OpenAPI document whose fields take names that exist, so that requests find something. Pure. */

export type Document = null | boolean | number | string | readonly Document[] | { readonly [key: string]: Document };

/** Values by the names of their fields and parameters. */
type Values = Readonly<Record<string, readonly string[]>>;

export interface KnownValues {
  /** In addition to what the document allows. */
  readonly also: Values;
  /** Instead of what the document allows. */
  readonly only: Values;
}

type Fields = { readonly [key: string]: Document };

function isFields(value: Document | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schema of the field with this name. Enumerations stay as they are. */
function schemaOf(name: string, schema: Document, known: KnownValues): Document {
  const inside = withKnownValues(schema, known);
  if (!isFields(schema) || schema['type'] !== 'string' || 'const' in schema || 'enum' in schema) return inside;
  const { [name]: only } = known.only;
  if (only !== undefined) return { type: 'string', enum: only };
  const { [name]: also } = known.also;
  return also === undefined ? inside : { anyOf: [{ type: 'string', enum: also }, inside] };
}

/** The document with the values in requests: parameters and bodies. Responses stay as they are. */
export function withKnownValues(document: Document, known: KnownValues): Document {
  if (Array.isArray(document)) return document.map((part: Document) => withKnownValues(part, known));
  if (!isFields(document)) return document;
  const { name } = document;
  return Object.fromEntries(
    Object.entries(document).map(([key, value]): [string, Document] => {
      if (key === 'responses') return [key, value];
      if (key === 'schema' && 'in' in document && typeof name === 'string') return [key, schemaOf(name, value, known)];
      if (key !== 'properties' || !isFields(value)) return [key, withKnownValues(value, known)];
      const fields = Object.entries(value).map(([field, schema]) => [field, schemaOf(field, schema, known)]);
      return [key, Object.fromEntries(fields)];
    }),
  );
}
