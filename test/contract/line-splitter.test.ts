import { expect, test } from 'vitest';
import { LineSplitter } from '../../contract/line-splitter.ts';

test('a line without an end does not fill the memory', () => {
  const lines = new LineSplitter(10);
  expect(lines.push(Buffer.from('12345\n1234'))).toEqual(['12345']);
  expect(lines.rest).toBe('1234');
  expect(lines.push(Buffer.from('567890\n'))).toEqual(['1234567890']);
  expect(lines.rest).toBe('');
  expect(lines.push(Buffer.from('12345678901'))).toBeUndefined();
});
