/** Answers 304 to a client that already has the current content (RFC 9110, section 13.1.2). */
import { hash } from 'node:crypto';
import type { onSendHookHandler } from 'fastify';

export const withEtag: onSendHookHandler<unknown> = (request, reply, payload, done) => {
  if (request.method !== 'GET' || reply.statusCode !== 200 || typeof payload !== 'string') {
    done(null, payload);
    return;
  }
  const etag = `"${hash('sha1', payload, 'base64url')}"`;
  void reply.header('etag', etag).header('cache-control', 'no-cache');
  if (!isMatch(request.headers['if-none-match'], etag)) {
    done(null, payload);
    return;
  }
  void reply.code(304).removeHeader('content-length');
  done(null, '');
};

/** A proxy in between may have made the tag weak. */
function isMatch(wanted: string | undefined, etag: string): boolean {
  if (wanted === undefined) return false;
  const tags = wanted.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
