import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CHECKOUT } from './support/markdown.ts';

test('the lock file is complete, as .ci/complete-lock.mjs leaves it, and names no registry', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, '.ci'));
  for (const file of ['package-lock.json', '.ci/complete-lock.mjs']) {
    copyFileSync(join(CHECKOUT, file), join(folder, file));
  }
  execFileSync(process.execPath, [join(folder, '.ci/complete-lock.mjs')]);
  const committed = readFileSync(join(CHECKOUT, 'package-lock.json'), 'utf8');
  expect(readFileSync(join(folder, 'package-lock.json'), 'utf8')).toBe(committed);
  expect(committed).not.toContain('"resolved"');
});
