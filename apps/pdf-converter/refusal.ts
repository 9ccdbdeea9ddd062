/** Reasons why the converter refuses a request, and their HTTP status. */
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

/** Thrown if a request cannot be served for a reason that its sender should know. `message` names the remedy. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly status: number;

  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = STATUS[code];
  }
}
