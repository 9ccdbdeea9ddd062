import { expect, test } from 'vitest';
import { hasChat, parseVersion } from '../../../apps/cluster-info/server.ts';

test.each([
  ['0.9.9', false],
  ['1.0.0', false],
  ['1.0.1', true],
  ['1.0.10', true],
  ['1.1.0', true],
  ['2.0.0', true],
])('%s has /chat: %s', (version, has) => {
  expect(hasChat(parseVersion(version) ?? [])).toBe(has);
});

test.each(['', '1', '1.0', 'v1.0.1', '1.0.1-rc', '1.0.1.2', '1.0.-1', '1.0.1 ', '1.0.12345678'])(
  '%j is no version',
  (text) => {
    expect(parseVersion(text)).toBeUndefined();
  },
);
