/** Reads the picture out of an uploaded form. */
import type { FastifyRequest } from 'fastify';
import { Refusal, type RefusalCode } from '../refusal.ts';

export const FILE_FIELD = 'myfile';

/** Other fields are allowed and ignored: browsers and programs may send some. */
const MAX_OTHER_FIELDS = 8;
/** Bytes of a form besides its file: boundaries, headers of parts, other fields. */
export const FORM_BYTES = 16 * 1024;

/** Limits for @fastify/multipart. */
export function formLimits(maxFileBytes: number): Record<string, number> {
  const names = { fieldNameSize: 100, fieldSize: 1024, headerPairs: 20 };
  return { ...names, fileSize: maxFileBytes, files: 1, fields: MAX_OTHER_FIELDS, parts: 1 + MAX_OTHER_FIELDS };
}

export function fileTooLarge(maxFileBytes: number): Refusal {
  const limit = `${Number((maxFileBytes / 2 ** 20).toFixed(1))} MiB`;
  return new Refusal('FILE_TOO_LARGE', `The file is larger than ${limit}: scale the picture down.`);
}

function failureOf(error: unknown, maxFileBytes: number): Refusal {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'FST_REQ_FILE_TOO_LARGE') return fileTooLarge(maxFileBytes);
  const refuse = (refusal: RefusalCode, message: string): Refusal => new Refusal(refusal, message, { cause: error });
  if (code === 'FST_FILES_LIMIT') return refuse('TOO_MANY_FILES', 'Send one picture at a time.');
  return refuse(
    'MALFORMED_FORM',
    `The form cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
  );
}

/**
 * The bytes of the one file. The form is always read to its end, because a client that is still sending does not read
 * the answer.
 * @throws Refusal NOT_A_FORM, MALFORMED_FORM, NO_FILE, TOO_MANY_FILES or FILE_TOO_LARGE
 */
export async function readUpload(request: FastifyRequest, maxFileBytes: number): Promise<Uint8Array> {
  if (!request.isMultipart()) {
    throw new Refusal('NOT_A_FORM', `Send multipart/form-data with a JPEG as the file ${FILE_FIELD}.`);
  }
  let file: Uint8Array | undefined;
  try {
    for await (const part of request.parts()) {
      if (part.type !== 'file') continue;
      if (part.fieldname === FILE_FIELD) file = await part.toBuffer();
      else part.file.resume();
    }
  } catch (error) {
    throw failureOf(error, maxFileBytes);
  }
  // A browser sends a file without name and content if the user chose none.
  if (!file?.byteLength) throw new Refusal('NO_FILE', `Choose a JPEG: the form has no file ${FILE_FIELD}.`);
  return file;
}
