import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cpuList, fieldName, fieldValue, nextWord, numberAt } from '../../../host-agent/sample/fields.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a field is found by its whole name at the start of a line', () => {
  const text = bytesOf('usage_usec 17\nuser_usec 12\nxthrottled_usec 1\nthrottled_usec 40\n');
  expect(fieldValue(text, text.length, fieldName('usage_usec '))).toBe(17);
  expect(fieldValue(text, text.length, fieldName('throttled_usec '))).toBe(40);
  expect(fieldValue(text, text.length, fieldName('sage_usec '))).toBeUndefined();
});

test('what lies beyond the length, left from a longer file, is not read', () => {
  const text = bytesOf('usage_usec 1234\nthrottled_usec 9\n');
  expect(fieldValue(text, 13, fieldName('usage_usec '))).toBe(12);
  expect(fieldValue(text, 16, fieldName('throttled_usec '))).toBeUndefined();
});

test('any field of any file of the kind is read as it was written', () => {
  const line = fc.tuple(fc.stringMatching(/^[a-z_]{1,20}$/), fc.nat());
  fc.assert(
    fc.property(fc.uniqueArray(line, { minLength: 1, selector: ([name]) => name }), (lines) => {
      const text = bytesOf(lines.map(([name, value]) => `${name} ${value}\n`).join(''));
      for (const [name, value] of lines) expect(fieldValue(text, text.length, fieldName(`${name} `))).toBe(value);
    }),
  );
});

test('garbage gives a number or nothing, and always ends', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(300), (bytes, at) => {
      const value = numberAt(bytes, bytes.length, at);
      expect(value === undefined || value >= 0).toBe(true);
      expect(nextWord(bytes, bytes.length, at)).toBeGreaterThanOrEqual(at);
      const named = fieldValue(bytes, bytes.length, fieldName('usage_usec '));
      expect(named === undefined || named >= 0).toBe(true);
    }),
  );
});

test('CPU lists', () => {
  expect(cpuList('0-1\n')).toEqual(new Set([0, 1]));
  expect(cpuList('0,2-3,8')).toEqual(new Set([0, 2, 3, 8]));
  for (const wrong of ['', '\n', '3-1', 'a', '1-', '-1', '1,,2']) expect(cpuList(wrong)).toBeUndefined();
});
