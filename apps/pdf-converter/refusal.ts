/** What the converter does not do for a client, and the HTTP status that says so. */
const STATUS = {
  MALFORMED_FORM: 400,
  NO_FILE: 400,
  TOO_MANY_FILES: 400,
  UNKNOWN_PATH: 404,
  UNKNOWN_RESULT: 404,
  FILE_TOO_LARGE: 413,
  TOO_MANY_PIXELS: 413,
  NOT_A_FORM: 415,
  NOT_A_JPEG: 415,
  BROKEN_JPEG: 422,
  BUSY: 503,
  OWNER_UNREACHABLE: 503,
} as const;

export type RefusalCode = keyof typeof STATUS;

/** Thrown where a request cannot be served for a reason that its sender should know; `message` tells what to do. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly status: number;

  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = STATUS[code];
  }
}
