import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadPageModule } from './page-modules.ts';

const { addressOf, readAddress } = await loadPageModule('address');

test('an address names its replica or service', () => {
  const name = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(name, name, name, (namespace, service, replica) => {
      expect(readAddress(addressOf({ namespace, service }))).toEqual({ namespace, service });
      expect(readAddress(addressOf({ namespace, service, replica }))).toEqual({ namespace, service, replica });
    }),
  );
});

test.each(['', '#', '#services', '#shop/', '#a/b/c/d', '#%E0%A4%A/b'])('%j names nothing', (hash) => {
  expect(readAddress(hash)).toBeUndefined();
});
