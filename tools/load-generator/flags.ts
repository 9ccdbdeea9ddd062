/** Checks the flags. */
import { readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseBaseAddress } from '../../contract/base-address.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import { parseSeconds } from '../../apps/service/flags.ts';
import type { LoadOptions } from './load.ts';
import { ARRIVALS } from './workload/arrivals.ts';
import { isOfConnection } from './workload/content.ts';
import { type Mix, parseMix } from './workload/mix.ts';

/** The flags as commander parses them: text, except for flags without a value. */
export interface Flags {
  readonly url: string;
  readonly rate: string;
  readonly arrivals: string;
  readonly duration?: string;
  readonly mix: string;
  readonly connections: string;
  readonly timeout: string;
  readonly seed: string;
  readonly header: readonly string[];
  readonly replicaHeader?: string;
}

const FOLDER = join(import.meta.dirname, 'mixes');

/** Names of the built-in mixes. */
export const MIXES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => basename(file, '.yaml'))
  .toSorted();

export function checkFlags(flags: Flags): Result<LoadOptions> {
  const server = parseBaseAddress(flags.url, { allowsQuery: true });
  if (!server.ok) return failure('INVALID_FLAG', `--url ${server.failure.message}.`);
  const { url, authorization } = server.value;
  const rate = number(flags.rate, 0.01, 100_000);
  if (rate === undefined) return refuse('rate', flags.rate, 'is not a number of requests/s from 0.01 to 100000');
  const arrivals = ARRIVALS.find((name) => name === flags.arrivals);
  if (arrivals === undefined) return refuse('arrivals', flags.arrivals, `is none of ${ARRIVALS.join(', ')}`);
  const connections = number(flags.connections, 1, 10_000);
  if (connections === undefined || !Number.isInteger(connections)) {
    return refuse('connections', flags.connections, 'is not a whole number from 1 to 10000');
  }
  const timeoutSeconds = parseSeconds(flags.timeout);
  if (timeoutSeconds === undefined) return refuse('timeout', flags.timeout, 'is not a time such as 500ms, 10s or 2m');
  const durationSeconds = flags.duration === undefined ? undefined : parseSeconds(flags.duration);
  if (flags.duration !== undefined && durationSeconds === undefined) {
    return refuse('duration', flags.duration, 'is not a time such as 500ms, 30s or 2m');
  }
  const seed = number(flags.seed, 0, 2 ** 32 - 1);
  if (seed === undefined || !Number.isInteger(seed))
    return refuse('seed', flags.seed, 'is not a whole number below 2^32');
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  for (const header of flags.header) {
    const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):\s*([\t\x20-\x7e]*)$/.exec(header) ?? [];
    if (name === undefined || value === undefined) return refuse('header', header, 'is not of the form "name: value"');
    if (isOfConnection(name)) return refuse('header', name, 'is not possible: the connection sets this header itself');
    headers[name.toLowerCase()] = value;
  }
  const mix = readMix(flags.mix);
  if (!mix.ok) return mix;
  if (url.search !== '' && mix.value.requests.some((request) => request.path !== '')) {
    return refuse('url', url.href, `must not have a query, since mix ${mix.value.name} puts its paths behind it`);
  }
  return success({
    url,
    mix: mix.value,
    rate,
    arrivals,
    connections,
    timeoutSeconds,
    seed,
    headers,
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(flags.replicaHeader === undefined ? {} : { replicaHeader: flags.replicaHeader.toLowerCase() }),
  });
}

/** Reads a built-in mix by its name, or any mix by the path of its file. */
export function readMix(nameOrFile: string): Result<Mix> {
  const file = MIXES.includes(nameOrFile) ? join(FOLDER, `${nameOrFile}.yaml`) : nameOrFile;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failure('INVALID_FLAG', `--mix ${nameOrFile} is neither one of ${MIXES.join(', ')} nor a file: ${why}`);
  }
  return parseMix(text, nameOrFile, (path) => readFileSync(resolve(dirname(file), path)));
}

function number(text: string, from: number, to: number): number | undefined {
  const value = text.trim() === '' ? NaN : Number(text);
  return value >= from && value <= to ? value : undefined;
}

function refuse(flag: string, given: string, why: string): Result<never> {
  return failure('INVALID_FLAG', `--${flag} ${given} ${why}.`);
}
