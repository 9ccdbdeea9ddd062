/** Checks the flags and the environment. */
import { type BaseAddress, parseBaseAddress } from '../../contract/base-address.ts';
import { BallastError } from '../../contract/errors.ts';
import { parseSeconds } from '../service/flags.ts';

/** Version of this code, which answers name. A change that callers notice raises it. */
export const CODE_VERSION = '1.1.0';

/** @throws BallastError INVALID_FLAG */
export function readShare(flag: string, text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (value > 0 && value <= 1) return value;
  throw new BallastError('INVALID_FLAG', `${flag} ${text} is not a number above 0, up to 1`);
}

/** @throws BallastError INVALID_FLAG */
export function readCount(flag: string, text: string, { from, to }: { from: number; to: number }): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= from && value <= to) return value;
  throw new BallastError('INVALID_FLAG', `${flag} ${text} is not a whole number from ${from} to ${to}`);
}

/** Milliseconds. @throws BallastError INVALID_FLAG */
export function readInterval(flag: string, text: string): number {
  const seconds = parseSeconds(text);
  if (seconds !== undefined) return seconds * 1000;
  throw new BallastError('INVALID_FLAG', `${flag} ${text} is not a time such as 500ms, 1s or 2m`);
}

/** @throws BallastError INVALID_FLAG */
export function readServiceUrl(flag: string, text: string): BaseAddress {
  const address = parseBaseAddress(text);
  if (address.ok) return address.value;
  throw new BallastError(address.failure.code, `${flag} ${address.failure.message}`);
}

/** @throws BallastError INVALID_FLAG */
export function readVersion(flag: string, text: string): string {
  if (/^[!-~]{1,64}$/.test(text)) return text;
  throw new BallastError('INVALID_FLAG', `${flag} ${text} is not 1 to 64 characters without spaces`);
}

/** @throws BallastError INVALID_FLAG */
export function readSeed(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new BallastError('INVALID_FLAG', `${flag} ${text} is not a whole number below 10^9`);
}
