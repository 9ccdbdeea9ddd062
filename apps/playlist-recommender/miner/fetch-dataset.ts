/** Fetches the text of a data set by its URL. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseBaseAddress, withoutCredentials } from '../../../contract/base-address.ts';
import { failure, type Result, success } from '../../../contract/result.ts';
import { densePlaylists } from '../dataset/dense.ts';
import { generatePlaylists, playlistsCsv } from '../dataset/generate.ts';

const PATIENCE_MS = 60_000;
const MAX_BYTES = 256 * 1024 * 1024;

export interface Dataset {
  /** Its URL, without credentials. */
  readonly shown: string;
  readonly csv: string;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly sha256: string;
}

/**
 * Takes `http:`, `https:` and `file:` URLs, and for the built-in data sets `generated:`,
 * `generated:<seed>` and `generated:dense`.
 */
export async function fetchDataset(url: string): Promise<Result<Dataset>> {
  const parsed = URL.parse(url);
  if (!parsed) return failure('INVALID_FLAG', `--dataset ${withoutCredentials(url)} (or DATASET_URL) is not a URL`);
  const shown = /^https?:$/.test(parsed.protocol) ? withoutCredentials(url).replace('***@', '') : url;
  const read = await readBytes(parsed, url);
  if (!read.ok) return read;
  const sha256 = createHash('sha256').update(read.value).digest('hex');
  try {
    return success({ shown, csv: new TextDecoder('utf-8', { fatal: true }).decode(read.value), sha256 });
  } catch {
    return failure('INVALID_DATASET', `${shown} is not text in UTF-8: unpack it, or convert it with iconv`);
  }
}

async function readBytes(url: URL, text: string): Promise<Result<Uint8Array>> {
  switch (url.protocol) {
    case 'http:':
    case 'https:':
      return download(text);
    case 'file:':
      return readFile(fileURLToPath(url)).then(success, unreachable);
    case 'generated:':
      return generated(url.pathname);
    default:
      return failure(
        'INVALID_FLAG',
        `--dataset ${withoutCredentials(text)} (or DATASET_URL) is neither http:, https:, file: nor generated:`,
      );
  }
}

async function download(text: string): Promise<Result<Uint8Array>> {
  const address = parseBaseAddress(text, { allowsQuery: true });
  if (!address.ok) return failure('INVALID_FLAG', `--dataset (or DATASET_URL): ${address.failure.message}`);
  const { url, authorization } = address.value;
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) return failure('DATASET_UNREACHABLE', `${url.href} answers ${response.status}`);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BYTES) return failure('INVALID_DATASET', `${url.href} has more than ${MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
    return success(Buffer.concat(chunks));
  } catch (error) {
    return unreachable(error);
  }
}

function generated(seed: string): Result<Uint8Array> {
  if (seed === 'dense') return success(Buffer.from(playlistsCsv(densePlaylists())));
  if (!/^\d{0,9}$/.test(seed)) {
    return failure(
      'INVALID_FLAG',
      `--dataset generated:${seed} (or DATASET_URL): neither dense nor a seed, which is a whole number below 10^9`,
    );
  }
  return success(Buffer.from(playlistsCsv(generatePlaylists(Number(seed || 1)))));
}

function unreachable(error: unknown): Result<never> {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return failure('DATASET_UNREACHABLE', `${error instanceof Error ? error.message : String(error)}${cause}`);
}
