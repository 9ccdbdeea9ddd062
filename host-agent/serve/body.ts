/** A request's body, up to a limit. */
import type { IncomingMessage } from 'node:http';

/** Calls back once: with the body, or with undefined when it is larger than `limit` bytes or broke off. */
export function readBody(request: IncomingMessage, limit: number, done: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  let over = false;
  const finish = (body: Buffer | undefined): void => {
    if (over) return;
    over = true;
    done(body);
  };
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > limit) finish(undefined);
    else if (!over) chunks.push(chunk);
  });
  request.on('end', () => {
    finish(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
  });
  request.on('error', () => finish(undefined));
  request.on('close', () => finish(undefined));
}
