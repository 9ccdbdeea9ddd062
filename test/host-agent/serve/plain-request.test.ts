import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPlainRequest } from '../../../host-agent/serve/plain-request.ts';

const POLL = 'GET /v1/table?version=17 HTTP/1.1\r\nhost: ballast-agent\r\nx-envoy-internal: true\r\n\r\n';
const POST = 'POST /v1/statistics HTTP/1.1\r\nhost: ballast-agent\r\ncontent-length: 4\r\n\r\nBLSR';

/** What stands in the middle of a request's header. */
function withHeader(request: string, line: string): Buffer {
  return Buffer.from(request.replace('\r\n\r\n', `\r\n${line}\r\n\r\n`), 'latin1');
}

test('a poll and a post as Envoy writes them are plain', () => {
  expect(readPlainRequest(Buffer.from(POLL))).toEqual({ kind: 'table', version: '17' });
  expect(readPlainRequest(Buffer.from(POST))).toEqual({ kind: 'statistics', body: Buffer.from('BLSR') });
});

test('headers that change nothing may be there', () => {
  for (const line of [
    'connection: keep-alive',
    'Connection: keep-alive',
    'x-request-id: 1',
    'traceparent: 00-a-b-01',
  ]) {
    expect(readPlainRequest(withHeader(POLL, line))?.kind).toBe('table');
    expect(readPlainRequest(withHeader(POST, line))?.kind).toBe('statistics');
  }
});

test.each([
  'connection: close',
  'Connection: upgrade',
  'transfer-encoding: chunked',
  'Transfer-Encoding: identity',
  'expect: 100-continue',
  'upgrade: h2c',
  'content-length: 4',
  'content-length: +4',
  'content-length : 4',
  ' folded',
  'no colon',
  'x: \x00',
  'x: é',
  'x: a\nb: c',
])('a header %j makes it none', (line) => {
  for (const request of [POLL, POST]) expect(readPlainRequest(withHeader(request, line))).toBeUndefined();
});

test.each([
  POLL.replace('HTTP/1.1', 'HTTP/1.0'),
  POLL.replace('host: ballast-agent\r\n', ''),
  POLL.replace('17', ''),
  POLL.replace('17', '-1'),
  POLL.replace('17', '17&version=18'),
  POLL.replace('17', '123456789012345678901'),
  POLL.replace('/v1/table', '/v1/tables'),
  POLL.replace('GET', 'HEAD'),
  `\r\n${POLL}`,
  POLL.replaceAll('\r\n', '\n'),
  POST.replace('content-length: 4\r\n', ''),
  POST.replace('/v1/statistics', '/v1/statistics?a'),
  POLL + POLL,
  POST + POLL,
])('what is written otherwise is none: %j', (request) => {
  expect(readPlainRequest(Buffer.from(request))).toBeUndefined();
});

test('a request that is not whole, or more than one, is none', () => {
  fc.assert(
    fc.property(fc.constantFrom(POLL, POST), fc.nat(), fc.string({ minLength: 1 }), (request, cut, more) => {
      expect(readPlainRequest(Buffer.from(request.slice(0, cut % request.length)))).toBeUndefined();
      expect(readPlainRequest(Buffer.from(request + more))).toBeUndefined();
    }),
  );
});

test('no bytes make it throw', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void readPlainRequest(Buffer.from(bytes))));
});
