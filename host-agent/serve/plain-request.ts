/**
 * Requests just as Envoy writes them for the plugin: whole, in one read, and with no header that changes how a request
 * is read. Pure. What is written in any other way, right or wrong, is not for this module to judge.
 */

export type PlainRequest =
  { readonly kind: 'table'; readonly version: string } | { readonly kind: 'statistics'; readonly body: Buffer };

const HEAD =
  /^(?:GET \/v1\/table\?version=(\d{1,20})|POST \/v1\/statistics) HTTP\/1\.1\r\n(?:[\w-]+: [\x20-\x7e]*\r\n)+\r\n$/;
const HOST = /^host: /im;
const LENGTH_GIVEN = /^content-length:/im;
const LENGTH = /^content-length: (\d{1,7})\r$/im;
const LENGTH_TWICE = /^content-length:[^]*^content-length:/im;
const CHANGES_READING =
  /^(?:connection: (?!keep-alive\r)|expect|http2-settings|proxy-connection|te|trailer|transfer-encoding|upgrade)/im;

/** The request that `bytes` are, no less and no more; undefined where they are anything else. */
export function readPlainRequest(bytes: Buffer): PlainRequest | undefined {
  const end = bytes.indexOf('\r\n\r\n', 0, 'latin1') + 4;
  if (end < 4) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const match = HEAD.exec(head);
  if (match === null || !HOST.test(head) || CHANGES_READING.test(head)) return undefined;
  const version = match[1];
  if (version !== undefined) {
    return end === bytes.length && !LENGTH_GIVEN.test(head) ? { kind: 'table', version } : undefined;
  }
  const length = Number(LENGTH.exec(head)?.[1]);
  const isWhole = end + length === bytes.length && !LENGTH_TWICE.test(head);
  return isWhole ? { kind: 'statistics', body: bytes.subarray(end) } : undefined;
}
