/** One request to one controller, by undici's handlers: a stream object for each answer, most of them empty, costs more. */
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

export interface Request {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly method: 'GET' | 'POST';
  readonly contentType?: string;
  readonly body?: string | Readable;
  readonly signal?: AbortSignal;
  /**
   * How long nothing may come, ms: before the answer begins, and from then on. By timers of its own: those of undici wake
   * the agent up twice a second. Connecting has a limit of its own.
   */
  readonly silence?: { readonly firstMs: number; readonly thenMs: number };
  /** Takes the body of a 200 piece by piece, and ends the request by returning why. Without it the body is `text`. */
  readonly onData?: (chunk: Buffer) => string | undefined;
}

export interface Answer {
  readonly status: number;
  /** The body, unless `onData` took it. */
  readonly text: string;
}

/** Resolves with the whole answer. Rejects where there is none, and with the reason that ended the request. */
export function exchange(dispatcher: Dispatcher, request: Request): Promise<Answer> {
  const { origin, path, method, contentType, body = null, signal, silence, onData } = request;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(reasonError(signal.reason));
    let status = 0;
    let isOver = false;
    const chunks: Buffer[] = [];
    let onAbort: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    let abort: (reason: Error) => void = () => undefined;
    const isSilent = (): void => abort(new Error('no answer'));
    if (silence !== undefined) timer = setTimeout(isSilent, silence.firstMs);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
      isOver = true;
      settle();
    };
    dispatcher.dispatch(
      {
        origin,
        path,
        method,
        headers: { ...request.headers, ...(contentType && { 'content-type': contentType }) },
        body,
      },
      {
        onRequestStart(controller) {
          abort = (reason) => controller.abort(reason);
          onAbort = () => controller.abort(reasonError(signal?.reason));
          if (signal?.aborted) onAbort();
          else signal?.addEventListener('abort', onAbort, { once: true });
        },
        onResponseStart(_controller, statusCode) {
          status = statusCode;
          if (silence === undefined) return;
          clearTimeout(timer);
          timer = setTimeout(isSilent, silence.thenMs);
        },
        onResponseData(controller, chunk) {
          if (isOver) return;
          timer?.refresh();
          if (status !== 200 || onData === undefined) {
            chunks.push(chunk);
            return;
          }
          const reason = onData(chunk);
          if (reason === undefined) return;
          const error = new Error(reason);
          end(() => reject(error));
          controller.abort(error);
        },
        onResponseEnd: () => end(() => resolve({ status, text: Buffer.concat(chunks).toString() })),
        onResponseError: (_controller, error) => end(() => reject(error)),
      },
    );
    return undefined;
  });
}

function reasonError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(reasonOf(reason));
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a problem that a controller answered; undefined where the body is none. */
export function codeOf(body: string): unknown {
  try {
    return (JSON.parse(body) as { code?: unknown } | null)?.code;
  } catch {
    return undefined;
  }
}
