/** One line of text for the errors of a schema; it names the field. */

/** TypeBox's error of one field; `instancePath` is a JSON pointer. */
export interface FieldError {
  readonly instancePath: string;
  readonly message: string;
  readonly keyword: string;
  readonly params: object;
}

/** Characters of a field's name that are shown: a document may name a field at any length. */
const MAX_FIELD = 300;

function fieldName(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`), '');
}

/** Such as `spec.mode: must be one of Observe, Enforce, Off`. @param root names the whole value where no field is wrong */
export function describeFieldErrors(errors: readonly FieldError[], root: string): string {
  const [first] = errors;
  if (!first) return `${root}: not of the expected form`;
  const name = fieldName(first.instancePath) || root;
  const field = name.length > MAX_FIELD ? `${name.slice(0, MAX_FIELD)}…` : name;
  const allowed = errors
    .filter((error) => error.instancePath === first.instancePath && error.keyword === 'const')
    .map((error) => ('allowedValue' in error.params ? String(error.params.allowedValue) : ''));
  if (allowed.length > 0) return `${field}: must be one of ${allowed.join(', ')}`;
  if (first.message === 'schema is false') return `${field}: is not a known field`;
  return `${field}: ${first.message}`;
}
