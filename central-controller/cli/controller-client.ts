/** Asks the controller, and turns every way in which that fails into an error that says what to do. */
import { CONTROLLER_PORT } from '../contract/names.ts';
import { BallastError, ERRORS, type ErrorCode } from '../contract/errors.ts';
import { Option } from 'commander';

const TIMEOUT_MS = 10_000;

export function controllerOption(): Option {
  return new Option('--controller <url>', 'where the controller listens')
    .env('BALLAST_CONTROLLER')
    .default(`http://127.0.0.1:${CONTROLLER_PORT}`);
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && code in ERRORS;
}

/** The answer's JSON; `path` begins with a slash. */
export async function askController<T>(controller: string, path: string): Promise<T> {
  const url = URL.parse(path, controller);
  if (!url) throw new BallastError('INVALID_FLAG', `--controller: ${controller} is not a URL such as http://host:port`);
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: Error) => {
    const cause = error.cause instanceof Error ? error.cause.message : error.message;
    throw new BallastError('UNREACHABLE', `--controller: nothing answers at ${controller} (${cause})`);
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body as T;
  const { code, detail } = (body ?? {}) as { code?: unknown; detail?: unknown };
  if (isErrorCode(code)) throw new BallastError(code, String(detail));
  throw new BallastError(
    'UNREACHABLE',
    `--controller: ${controller} answers ${response.status}, as no controller does`,
  );
}
