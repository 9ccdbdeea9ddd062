/** Addresses in flags and environment: what is none is refused at the start, in the words of the one who wrote it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { checkHostAndPort, readServiceAddresses } from '../../apps/service/addresses.ts';
import { readListenAddress } from '../../apps/service/flags.ts';

const run = promisify(execFile);

test.each(['users.shop:8081', '127.0.0.1:1', '[::1]:65535', 'a_b:80'])('%s is host:port', (text) => {
  expect(checkHostAndPort(text)).toEqual({ ok: true, value: text });
});

test.each(['users', ':80', 'h:0', 'h:65536', '::1:80', 'http://h:80', 'h:80/x', 'a b:80', '1.2.3.999:80', '-h:80', ''])(
  '%j is not host:port',
  (text) => {
    expect(checkHostAndPort(text)).toMatchObject({ ok: false, failure: { code: 'INVALID_FLAG' } });
  },
);

test.each([
  [{ SERVICE_ADDRESSES: '[]' }, /SERVICE_ADDRESSES is not JSON such as/],
  [{ SERVICE_ADDRESSES: 'null' }, /SERVICE_ADDRESSES is not JSON such as/],
  [{ SERVICE_ADDRESSES: '{"geo":{"a":1}}' }, /SERVICE_ADDRESSES: geo: \[object Object\] is not host:port/],
  [{ SERVICE_ADDRESSES: '{"geo":"me:secret@h:80"}' }, /SERVICE_ADDRESSES: geo: \*\*\*@h:80 is not host:port/],
  [{ MESH_OUTBOUND: 'http://10.0.0.1:15001' }, /MESH_OUTBOUND: http:\/\/10\.0\.0\.1:15001 is not host:port/],
  [{ MESH_OUTBOUND: '10.0.0.1' }, /MESH_OUTBOUND: 10\.0\.0\.1 is not host:port/],
])('%j is refused', (environment, message) => {
  expect(() => readServiceAddresses(environment)).toThrow(message);
});

describe('--listen', () => {
  test.each([
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    [':::8080', { host: '::', port: 8080 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('%s is an address', (text, address) => {
    expect(readListenAddress(text)).toEqual(address);
  });

  test.each(['[::1:80', '::1]:80', '[localhost]:80', 'a b:80', 'http://127.0.0.1:80', '127.0.0.1:65536', ':80', '80'])(
    '%s is none',
    (text) => {
      expect(() => readListenAddress(text)).toThrow(`--listen ${text} is not of the form ip:port`);
    },
  );

  test('does not show what may be a password', () => {
    expect(() => readListenAddress('me:secret@127.0.0.1:80')).toThrow('--listen ***@127.0.0.1:80 is not');
  });
});

test.each<[string, readonly string[], Readonly<Record<string, string>>, string]>([
  [
    'hotel-reservation',
    ['--service', 'search'],
    { SERVICE_ADDRESSES: '{"geo":"h"}' },
    'SERVICE_ADDRESSES: geo: h is not',
  ],
  ['hotel-reservation', ['--service', 'search'], { MESH_OUTBOUND: 'x' }, 'MESH_OUTBOUND: x is not host:port'],
  ['video-recommendation', ['--service', 'video-recommendation'], { MESH_OUTBOUND: 'x' }, 'MESH_OUTBOUND: x is not'],
  ['pdf-converter', ['--peers', 'http://x:80'], {}, '--peers http://x:80 is not of the form ip:port'],
  ['cluster-info', ['--listen', 'u:secret@127.0.0.1:0'], {}, '--listen ***@127.0.0.1:0 is not of the form'],
])('%s %j with %j does not start', async (app, args, environment, says) => {
  const refusal = await run(process.execPath, [`apps/${app}/main.ts`, '--listen', '127.0.0.1:0', ...args], {
    env: { ...process.env, ...environment },
    timeout: 20_000,
  }).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 2, stderr: expect.stringContaining(says) });
});
