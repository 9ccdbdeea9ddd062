import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { openCheckout, packagesAmiss } from './checkout.ts';

function directoryWith(dependencies: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-checkout-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ dependencies }));
  return directory;
}

test('a directory is taken as it is', async () => {
  await using cleanup = new AsyncDisposableStack();
  const directory = directoryWith({});
  expect(openCheckout(directory, cleanup)).toBe(directory);
});

test('what is neither a directory nor a commit is refused by name', async () => {
  await using cleanup = new AsyncDisposableStack();
  expect(() => openCheckout('no-such-commit', cleanup)).toThrow('--against no-such-commit: neither');
});

test('the packages of this version are all here', () => {
  expect(packagesAmiss(directoryWith(manifest.dependencies))).toEqual([]);
});

test('packages that are not here, or in another version, are named', () => {
  const amiss = packagesAmiss(directoryWith({ ...manifest.dependencies, pino: '0.0.1', 'no-such-package': '1.0.0' }));
  expect(amiss).toEqual(['pino@0.0.1', 'no-such-package@1.0.0']);
});
