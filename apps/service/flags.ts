/** Values that flags of several programs have. */
import { isIPv6 } from 'node:net';
import { BallastError } from '../../contract/errors.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
}

/**
 * Parses `ip:port`. The ip may be an IPv6 address, in brackets or without, or a name of this machine.
 * @throws BallastError INVALID_FLAG
 */
export function readListenAddress(text: string, flag = '--listen'): ListenAddress {
  const parts = /^(?:\[([^\]]+)\]|([^[\]]+)):(\d{1,5})$/.exec(text);
  const [, inBrackets, plain = ''] = parts ?? [];
  const host = inBrackets ?? plain;
  const port = Number(parts?.[3]);
  const isHost = isIPv6(host) || (inBrackets === undefined && HOST_NAME.test(host));
  if (isHost && port <= 65_535) return { host, port };
  // What stands before an @ may be a password.
  throw new BallastError('INVALID_FLAG', `${flag} ${text.replace(/^.*@/, '***@')} is not of the form ip:port`);
}

const HOST_NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9._]{0,251}[A-Za-z0-9])?$/;

/**
 * Seconds from `250ms`, `30s`, `2m`, `1h` or a plain number of seconds; undefined if it is none of these or not above
 * 0.
 */
export function parseSeconds(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  const seconds = Number(digits) * { ms: 0.001, s: 1, m: 60, h: 3600 }[(unit ?? 's') as 'ms' | 's' | 'm' | 'h'];
  return seconds > 0 ? seconds : undefined;
}
