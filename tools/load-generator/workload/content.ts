/** Headers and body of a request in a mix: text with parameters, a file, or a form with a file. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { Type, type Static } from 'typebox';

/** Headers that the connection sets by itself are not allowed. */
const OF_CONNECTION = ['connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade'];
const anyCase = (name: string): string => name.replaceAll(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
export const HeaderName = Type.String({
  pattern: `^(?!(?:${OF_CONNECTION.map(anyCase).join('|')})$)[\\w!#$%&'*+.^\`|~-]+$`,
  description: `Any header but ${OF_CONNECTION.join(', ')}`,
});

/** Whether the connection sets this header itself. */
export function isOfConnection(name: string): boolean {
  return OF_CONNECTION.includes(name.toLowerCase());
}
export const HeaderValue = Type.String({ pattern: '^[\\t\\x20-\\x7e]*$' });
const ContentType = Type.String({ pattern: '^[\\w.+-]+/[\\w.+-]+[\\x20-\\x7e]*$', description: 'Such as image/jpeg' });
const Path = Type.String({ minLength: 1, description: 'Of a file, relative to the one of the mix' });

const Form = Type.Object(
  {
    field: Type.String({ minLength: 1, description: 'Name of the one field' }),
    file: Path,
    contentType: ContentType,
  },
  { additionalProperties: false },
);

/** Fields of a request for its body. At most one of the first three may be given. */
export const BodyFields = Type.Object({
  body: Type.Optional(Type.String({ description: 'Text; `{x}` is parameter x where there is one of that name' })),
  bodyFile: Type.Optional(Path),
  form: Type.Optional(Form),
  contentType: Type.Optional(ContentType),
});
export const BODY_FIELDS = ['body', 'bodyFile', 'form'] as const;

export interface Content {
  /** By their names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is a template; bytes are sent unchanged. */
  readonly body?: string | Uint8Array;
}

type ReadContent =
  { readonly ok: true; readonly value: Content } | { readonly ok: false; readonly field: string; readonly why: string };

/** Reads headers and body of a request. A failure names the field within the request. */
export function readContent(
  given: Readonly<Record<string, string>>,
  fields: Static<typeof BodyFields>,
  readFile: (path: string) => Uint8Array,
): ReadContent {
  const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
  const [one, other] = BODY_FIELDS.filter((field) => fields[field] !== undefined);
  if (other !== undefined) return refuse(other, `is a second body beside ${one}: leave one out`);
  if (fields.contentType !== undefined) {
    if (fields.bodyFile === undefined) return refuse('contentType', 'belongs to a bodyFile: else name it in headers');
    headers['content-type'] = fields.contentType;
  }
  const { body, bodyFile, form } = fields;
  try {
    if (bodyFile !== undefined) return success(headers, readFile(bodyFile));
    if (form === undefined) return success(headers, body);
    const { boundary, bytes } = encodeForm(form.field, basename(form.file), form.contentType, readFile(form.file));
    return success({ ...headers, 'content-type': `multipart/form-data; boundary=${boundary}` }, bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refuse(bodyFile === undefined ? 'form.file' : 'bodyFile', `cannot be read: ${why}`);
  }
}

/**
 * A form with one file in one field (RFC 7578). The boundary is a hash of the content, so the content cannot contain
 * it.
 */
function encodeForm(field: string, file: string, contentType: string, content: Uint8Array) {
  const boundary = `ballast-${createHash('sha256').update(content).digest('hex').slice(0, 32)}`;
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(field)}"; filename="${quoted(file)}"\r\n` +
    `Content-Type: ${contentType}\r\n\r\n`;
  const bytes = Buffer.concat([Buffer.from(head), content, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return { boundary, bytes };
}

function quoted(text: string): string {
  return text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function success(headers: Readonly<Record<string, string>>, body: string | Uint8Array | undefined): ReadContent {
  const value = { ...(Object.keys(headers).length > 0 && { headers }), ...(body !== undefined && { body }) };
  return { ok: true, value };
}

function refuse(field: string, why: string): ReadContent {
  return { ok: false, field, why };
}
