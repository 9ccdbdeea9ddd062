import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { RequestSpec, withRequestDefaults } from '../../../../tools/load-generator/operator/api/request.ts';
import { REQUEST_CONDITIONS } from '../../../../tools/load-generator/operator/api/request-status.ts';
import { Measured } from '../../../../tools/load-generator/operator/api/result.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const guide = readFileSync(join(ROOT, 'docs/guide/load-tests.md'), 'utf8');
const rows = guide.split('\n').map((line) => line.split(/ *\| */).slice(1, -1));

test('the guide names every field of a request with its default', () => {
  const defaults: Readonly<Record<string, unknown>> = { ...withRequestDefaults({ serviceName: '' }), path: '/' };
  for (const field of Object.keys(RequestSpec.properties)) {
    const shown = field === 'serviceName' ? 'required' : field in defaults ? `\`${String(defaults[field])}\`` : '';
    expect(rows.map((row) => row.slice(0, 2))).toContainEqual([`\`${field}\``, shown]);
  }
});

test('the guide explains every reason in the words of the operator', () => {
  const told = Object.entries(REQUEST_CONDITIONS).flatMap(([condition, { reasons }]) =>
    Object.entries(reasons).map(([reason, text]) => [`\`${condition}\``, `\`${reason}\``, text]),
  );
  expect(rows.filter(([condition]) => /`(?:Started|Complete)`/.test(condition ?? ''))).toEqual(told);
});

test('the guide names every figure of a result', () => {
  for (const field of Object.keys(Measured.properties)) {
    if (!field.endsWith('Time')) expect(guide).toMatch(new RegExp(`\`(?:measured\\.)?${field}\``));
  }
});

test('its example is the one that istio-configs holds', () => {
  const file = readFileSync(join(ROOT, 'istio-configs/load-generator/example.yaml'), 'utf8');
  const example: unknown = parseAllDocuments(/```yaml\n(.*?)```/s.exec(guide)?.[1] ?? '').map((each) => each.toJS());
  expect(example).toEqual(parseAllDocuments(file).map((each) => each.toJS()));
});
