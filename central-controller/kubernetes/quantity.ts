/** Kubernetes' quantities (`resource.Quantity`), such as 100m, .5, 1Ki or 10e3. Pure. */

const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)`;
const FORM = new RegExp(`^(${NUMBER})([numkMGTPE]|[KMGTPE]i)?$`);
const EXPONENT_FORM = new RegExp(`^(${NUMBER})[eE]([+-]?\\d+)$`);

const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** The value of a quantity; undefined for text of another form, which an API server refuses. */
export function quantity(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const [, power, exponent] = EXPONENT_FORM.exec(value) ?? [];
  // As text, since 1.5 * 1e-3 is not exactly the number that 1.5e-3 is.
  if (power !== undefined) return Number(`${power}e${exponent}`);
  const [, digits, suffix = ''] = FORM.exec(value) ?? [];
  if (digits === undefined) return undefined;
  const binary = BINARY.indexOf(suffix);
  if (binary >= 0) return Number(digits) * 1024 ** (binary + 1);
  return Number(`${digits}e${DECIMAL[suffix] ?? 0}`);
}
