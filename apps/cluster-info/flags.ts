/** Checks what was given on the command line and in the environment. */
import { failure, type Result, success } from '../../contract/result.ts';
import type { Replica } from './server.ts';
import { parseVersion } from './version.ts';

export interface Flags {
  readonly listen: string;
  readonly version: string;
  readonly podIp: string;
  readonly node: string;
  readonly workMs: string;
}

const MAX_WORK_MS = 1000;

export function checkFlags({ version, podIp, node, workMs }: Flags): Result<Replica> {
  if (!parseVersion(version)) {
    return failure('INVALID_FLAG', `--version ${version} (or APP_VERSION) is not of the form 1.0.0`);
  }
  const work = workMs.trim() === '' ? NaN : Number(workMs);
  if (!(work >= 0 && work <= MAX_WORK_MS)) {
    return failure('INVALID_FLAG', `--work-ms ${workMs} is not a number of milliseconds from 0 to ${MAX_WORK_MS}`);
  }
  return success({ podIp, node, version, workMs: work });
}
