/**
 * Errors of a value that does not fit its schema, at a bounded cost. TypeBox visits every item of a bad list to collect
 * errors, which takes gigabytes for a body of 16 MiB. A large value is narrowed to its first wrong field instead.
 */
import { type TSchema, Type } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { FieldError } from './field-errors.ts';

/** Values, at any depth, that TypeBox may visit: about 10 ms of work. */
const MAX_VALUES = 10_000;

const compiled = new WeakMap<TSchema, Validator>();

/** Lists at most one error where the value is large, and TypeBox's first few otherwise. */
export function boundedErrors(schema: TSchema, value: unknown): readonly FieldError[] {
  return errorsAt(schema, value, '');
}

function errorsAt(schema: TSchema, value: unknown, pointer: string): readonly FieldError[] {
  if (isSmall(value)) {
    const errors = validatorOf(schema).Errors(value) as unknown as readonly FieldError[];
    return errors.map((error) => ({ ...error, instancePath: pointer + error.instancePath }));
  }
  if (Type.IsObject(schema) && isRecord(value)) return errorsOfObject(schema, value, pointer);
  if (Type.IsArray(schema) && Array.isArray(value)) return errorsOfList(schema, value, pointer);
  return [faultAt(pointer, 'not of the expected form')];
}

function errorsOfObject(
  schema: ReturnType<typeof Type.Object>,
  value: Readonly<Record<string, unknown>>,
  pointer: string,
): readonly FieldError[] {
  const properties: Readonly<Record<string, TSchema>> = schema.properties;
  const missing = schema.required?.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return [faultAt(pointer, `must have required properties ${missing}`)];
  for (const [name, field] of Object.entries(properties)) {
    if (!Object.hasOwn(value, name) || validatorOf(field).Check(value[name])) continue;
    return errorsAt(field, value[name], `${pointer}/${escaped(name)}`);
  }
  for (const name in value) {
    if (!Object.hasOwn(properties, name)) return [faultAt(`${pointer}/${escaped(name)}`, 'is not a known field')];
  }
  return [faultAt(pointer, 'not of the expected form')];
}

function errorsOfList(
  schema: ReturnType<typeof Type.Array>,
  value: readonly unknown[],
  pointer: string,
): readonly FieldError[] {
  const maxItems = 'maxItems' in schema && typeof schema.maxItems === 'number' ? schema.maxItems : Infinity;
  if (value.length > maxItems) return [faultAt(pointer, `must not have more than ${maxItems} items`)];
  const validator = validatorOf(schema.items);
  const index = value.findIndex((item) => !validator.Check(item));
  if (index < 0) return [faultAt(pointer, 'not of the expected form')];
  return errorsAt(schema.items, value[index], `${pointer}/${index}`);
}

function validatorOf(schema: TSchema): Validator {
  const known = compiled.get(schema);
  if (known) return known;
  const made: Validator = Compile(schema);
  compiled.set(schema, made);
  return made;
}

/** Counts no further than the bound, without recursion: a document may be nested at any depth. */
function isSmall(value: unknown): boolean {
  const open = [value];
  let seen = 0;
  while (open.length > 0) {
    const each = open.pop();
    if (typeof each !== 'object' || each === null) continue;
    // `for in` would list every index first.
    if (Array.isArray(each) && each.length > MAX_VALUES) return false;
    for (const name in each) {
      seen += 1;
      if (seen > MAX_VALUES) return false;
      open.push((each as Readonly<Record<string, unknown>>)[name]);
    }
  }
  return true;
}

function faultAt(instancePath: string, message: string): FieldError {
  return { instancePath, message, keyword: 'bounded', params: {} };
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
