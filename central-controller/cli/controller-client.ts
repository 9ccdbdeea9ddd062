/**
 * Sends requests to the controller, directly or through the API server of its cluster. Every failure becomes an error of
 * the catalogue.
 */
import { type Command, Option } from 'commander';
import { request } from 'undici';
import { parseBaseAddress, pathBelow, withoutCredentials } from '../../contract/base-address.ts';
import { ApiError } from '../kubernetes/client.ts';
import { BallastError, ERRORS, type ErrorCode } from '../../contract/errors.ts';
import { findController } from './find-controller.ts';
import { type ClusterFlags, openClient, withClusterOptions } from './kubernetes-access.ts';
import { cleanValue } from './terminal-text.ts';

const TIMEOUT_MS = 10_000;

const SERVICE = 'ballast-system/ballast-controller';

/** Path of that Service in the API server's proxy. */
const SERVICE_PROXY = '/api/v1/namespaces/ballast-system/services/ballast-controller:http/proxy';

/** How to reach the controller. With one of the cluster's flags: through the API server. */
export interface ControllerFlags extends ClusterFlags {
  /** Absent: the command looks for a controller on this machine. */
  readonly controller?: string;
  /** The command prints JSON, in which texts stay as they are. */
  readonly json?: boolean;
}

/** Adds the flags that tell a command where the controller is. */
export function withControllerOptions(command: Command): Command {
  return withClusterOptions(
    command.addOption(
      new Option(
        '--controller <url>',
        'address of the controller (default: port 15070 of this machine, else the local mesh that runs here)',
      ).env('BALLAST_CONTROLLER'),
    ),
    'ask through the API server, with the credentials of kubectl',
  );
}

interface Question {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
}

interface Answer {
  readonly status: number;
  /** Undefined: the answer has no body, or its body is not JSON. */
  readonly body: unknown;
}

/**
 * The answer's JSON; `path` begins with a slash. Unless the command prints JSON, its texts are fit for a terminal.
 * @throws BallastError
 */
export async function askController<T>(flags: ControllerFlags, path: string, question: Question = {}): Promise<T> {
  const isBehindApiServer = flags.kubeconfig !== undefined || flags.context !== undefined;
  const controller = isBehindApiServer ? SERVICE : (flags.controller ?? (await findController()));
  const { status, body } = isBehindApiServer
    ? await throughApiServer(flags, path, question)
    : await directly(controller, path, question);
  if (status < 300) return (flags.json ? body : cleanValue(body)) as T;
  const { code, detail } = (body ?? {}) as { code?: unknown; detail?: unknown };
  if (isErrorCode(code)) throw new BallastError(code, String(detail));
  throw new BallastError(
    'UNREACHABLE',
    `--controller: ${withoutCredentials(controller)} answers ${status} without a problem document, so it is no controller`,
  );
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && code in ERRORS;
}

async function directly(controller: string, path: string, question: Question): Promise<Answer> {
  const address = parseBaseAddress(controller);
  if (!address.ok) throw new BallastError(address.failure.code, `--controller: ${address.failure.message}`);
  const { url, authorization } = address.value;
  const { method = 'GET', body } = question;
  const headers = {
    ...(authorization !== undefined && { authorization }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  try {
    const answer = await request(`${url.origin}${pathBelow(address.value, path)}`, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: parsed(await answer.body.text()) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BallastError('UNREACHABLE', `no controller answers at ${withoutCredentials(controller)} (${why})`, {
      cause: error,
    });
  }
}

async function throughApiServer(flags: ControllerFlags, path: string, question: Question): Promise<Answer> {
  const client = await openClient(flags);
  const { pathname, searchParams } = new URL(path, 'http://controller');
  const { method = 'GET', body } = question;
  const query = Object.fromEntries(searchParams);
  try {
    return { status: 200, body: await client.request(method, `${SERVICE_PROXY}${pathname}`, { query, body }) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const problem = parsed(error.message);
    // A problem document comes from the controller, any other error from the API server.
    if (problem !== undefined) return { status: error.status, body: problem };
    throw new BallastError('CLUSTER_UNREACHABLE', `${SERVICE}: ${error.message}`, { cause: error });
  } finally {
    await client.close();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
