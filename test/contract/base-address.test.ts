import { expect, test } from 'vitest';
import { parseBaseAddress, pathBelow, withoutCredentials } from '../../contract/base-address.ts';

function read(text: string, allowsQuery = false) {
  const read = parseBaseAddress(text, { allowsQuery });
  if (!read.ok) throw new Error(read.failure.message);
  return read.value;
}

test.each([
  ['http://h', '/x', '/x'],
  ['http://h/', '/x?y=1', '/x?y=1'],
  ['http://h/app', '/x', '/app/x'],
  ['http://h/app/', '/x', '/app/x'],
  ['https://h/k8s/clusters/c-1', '/api/v1/nodes', '/k8s/clusters/c-1/api/v1/nodes'],
  ['http://h', '', '/'],
  ['http://h/app', '', '/app'],
  ['http://h/app/', '', '/app/'],
])('below %s the path %j is %s', (address, path, expected) => {
  expect(pathBelow(read(address), path)).toBe(expected);
});

test.each([
  ['http://h/?x=1', '/?x=1'],
  ['http://h?x=1', '/?x=1'],
  ['http://h/app/?x=1', '/app/?x=1'],
])('the query of %s is sent where no path follows it', (address, expected) => {
  expect(pathBelow(read(address, true), '')).toBe(expected);
});

test('user and password become a header and are shown nowhere', () => {
  const { url, authorization } = read('http://us%40er:se%3Acret@h:81/app');
  expect(url.href).toBe('http://h:81/app');
  expect(authorization).toBe(`Basic ${Buffer.from('us@er:se:cret').toString('base64')}`);
  expect(read('http://h/').authorization).toBeUndefined();
  expect(read('http://user@h/').authorization).toBe(`Basic ${Buffer.from('user:').toString('base64')}`);
});

test.each([
  ['h:80', /^h:80 is not an http/],
  ['ftp://h/', /is not an http/],
  ['http://h/?x=1', /has a query/],
  ['http://h/#top', /has a fragment/],
  ['http://user:secret@h:99999/', /^http:\/\/\*\*\*@h:99999\/ is not/],
  ['http://user:secret@h/?x=1', /^http:\/\/\*\*\*@h\/\?x=1 has a query/],
  ['http://user:sec%ret@h/', /^http:\/\/\*\*\*@h\/: user or password has a %/],
  ['user:secret@h', /^\*\*\*@h is not/],
])('%s is refused, without its password', (address, message) => {
  const read = parseBaseAddress(address);
  expect(read.ok ? '' : read.failure.message).toMatch(message);
  expect(JSON.stringify(read)).not.toMatch(/secret|sec%ret/);
});

test('credentials are taken out of any text', () => {
  expect(withoutCredentials('http://user:secret@h/a@b')).toBe('http://***@h/a@b');
  expect(withoutCredentials('http://h/a@b')).toBe('http://h/a@b');
});
