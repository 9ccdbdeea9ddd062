/** Seconds of `250ms`, `30s`, `2m`, `1h` or a bare number of seconds; undefined where it is none or not above 0. */
export function parseSeconds(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  const seconds = Number(digits) * { ms: 0.001, s: 1, m: 60, h: 3600 }[(unit ?? 's') as 'ms' | 's' | 'm' | 'h'];
  return seconds > 0 ? seconds : undefined;
}
