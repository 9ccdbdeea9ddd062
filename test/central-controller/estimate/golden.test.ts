import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { expect, it } from 'vitest';
import { goldenSnapshots } from './golden.ts';

const FILE = new URL('golden.json', import.meta.url);

// After a change on purpose: UPDATE_GOLDEN=1 npx vitest run test/central-controller/estimate/golden.test.ts
it('the same windows give the same estimates as before', async () => {
  const snapshots = goldenSnapshots();
  if (process.env['UPDATE_GOLDEN']) {
    writeFileSync(FILE, await format(JSON.stringify(snapshots), { parser: 'json', printWidth: 120 }));
  }
  const golden: unknown = JSON.parse(readFileSync(FILE, 'utf8'));
  expect(JSON.parse(JSON.stringify(snapshots))).toEqual(near(golden));
});

/** Each number with a tolerance of a billionth. */
function near(value: unknown): unknown {
  if (typeof value === 'number') return closeTo(value);
  if (Array.isArray(value)) return value.map(near);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, near(each)]));
}

function closeTo(value: number): unknown {
  const asymmetricMatch = (other: unknown): boolean =>
    typeof other === 'number' && Math.abs(other - value) <= 1e-9 * Math.max(Math.abs(value), 1e-9);
  return { asymmetricMatch, toString: () => String(value) };
}
