/** Values that flags of several programs have. */
import { BallastError } from '../../contract/errors.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
}

/**
 * Parses `ip:port`. The ip may be an IPv6 address in brackets.
 * @throws BallastError INVALID_FLAG
 */
export function readListenAddress(text: string): ListenAddress {
  const parts = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text);
  const port = Number(parts?.[2]);
  if (!parts?.[1] || !(port <= 65_535)) {
    throw new BallastError('INVALID_FLAG', `--listen ${text} is not of the form ip:port`);
  }
  return { host: parts[1], port };
}

/**
 * Seconds from `250ms`, `30s`, `2m`, `1h` or a plain number of seconds; undefined if it is none of these or not above
 * 0.
 */
export function parseSeconds(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  const seconds = Number(digits) * { ms: 0.001, s: 1, m: 60, h: 3600 }[(unit ?? 's') as 'ms' | 's' | 'm' | 'h'];
  return seconds > 0 ? seconds : undefined;
}
