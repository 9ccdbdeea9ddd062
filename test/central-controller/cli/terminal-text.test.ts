import { expect, it } from 'vitest';
import { cleanText, cleanValue } from '../../../central-controller/cli/terminal-text.ts';

it('replaces control characters and marks of direction, and keeps all other text', () => {
  expect(cleanText('a\u001B[2Jb\u009Bc\u0007\u007F\rd\u202Ee')).toBe('a\uFFFD[2Jb\uFFFDc\uFFFD\uFFFD\uFFFDd\uFFFDe');
  expect(cleanText('zwei Wörter, 日本\u202Fms → ✓\nline two')).toBe('zwei Wörter, 日本\u202Fms → ✓\nline two');
});

it('cleans every text of a value, names of fields included, and leaves numbers alone', () => {
  const value = { list: ['a\nb', { 'k\u001B': '\u001B[31m', n: 1.5 }], none: null, yes: true };
  const clean = { list: ['a b', { 'k\uFFFD': '\uFFFD[31m', n: 1.5 }], none: null, yes: true };
  expect(cleanValue(value)).toEqual(clean);
});
