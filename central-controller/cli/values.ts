/** Times and fractions on the command line. */
import { InvalidArgumentError } from 'commander';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** `90`, `90s`, `10m` or `1h` in seconds. */
export function seconds(text: string): number {
  const [, amount = '', unit = 's'] = /^(\d+(?:\.\d+)?)([smh])?$/.exec(text) ?? [];
  if (amount === '') throw new InvalidArgumentError('Expected a time such as 90s, 10m or 1h.');
  return Number(amount) * (SECONDS[unit] ?? 1);
}

/** `0.3` or `30%` as a fraction. */
export function fraction(text: string): number {
  const [, amount = '', percent = ''] = /^(\d+(?:\.\d+)?)(%)?$/.exec(text) ?? [];
  const value = Number(amount) / (percent === '' ? 1 : 100);
  if (amount === '' || value > 1) throw new InvalidArgumentError('Expected a fraction such as 0.3 or 30%.');
  return value;
}
