/** The page that follows a counter, a policy and a request through the code names files and functions that are there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECKOUT } from './support/markdown.ts';

const page = readFileSync(join(CHECKOUT, 'docs/contributing/README.md'), 'utf8');
const steps = [...page.matchAll(/^\d+\. `([^`]+)`(?: `([^`]+)`)?/gm)].map(([, file = '', name]) => ({ file, name }));

test('there are three ways of ten steps', () => {
  expect(steps).toHaveLength(30);
});

describe.each(steps)('$file $name', ({ file, name }) => {
  test('is there', () => {
    expect(existsSync(join(CHECKOUT, file))).toBe(true);
    if (name !== undefined) expect(readFileSync(join(CHECKOUT, file), 'utf8')).toMatch(new RegExp(`\\b${name}\\b`));
  });
});
