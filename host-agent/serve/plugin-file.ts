/** The WebAssembly module that Istio fetches for this node's and other nodes' proxies. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { BallastError } from '../../contract/errors.ts';
import { answerProblem } from './problem.ts';

export interface Plugin {
  readonly bytes: Buffer;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
}

/** The digest is part of the address, since Istio keeps what it fetched by that. */
export const PLUGIN_PATH = /^GET \/plugin\/([0-9a-f]{64})\/ballast\.wasm$/;

/** @throws BallastError INVALID_FLAG when the file cannot be read */
export function openPlugin(path: string | undefined): Plugin | undefined {
  if (path === undefined) return undefined;
  try {
    const bytes = readFileSync(path);
    return { bytes, digest: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    throw new BallastError('INVALID_FLAG', `--plugin: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Answers with the plugin. A digest that is not known here may be known to an agent of another version: Istio asks again
 * after a 503, at once and a few times, and gives up on a 404.
 */
export function answerPlugin(response: ServerResponse, plugin: Plugin, digest: string): void {
  if (digest !== plugin.digest) {
    const message = `plugin: this agent has ${plugin.digest}, not ${digest}`;
    return answerProblem(response, { code: 'UNKNOWN_PLUGIN', message });
  }
  response.writeHead(200, ['content-type', 'application/wasm', 'content-length', String(plugin.bytes.length)]);
  response.end(plugin.bytes);
  return undefined;
}
