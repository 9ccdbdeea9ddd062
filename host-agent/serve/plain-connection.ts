/**
 * A connection of a proxy. Most of what an agent would do all day is node:http's work on each of these requests, so
 * plain ones are answered here without it; with the first that is anything else, the connection is node:http's.
 */
import type { Socket } from 'node:net';
import { readPlainRequest } from './plain-request.ts';
import type { Table } from './table-board.ts';

/** As long as node:http keeps a connection that says nothing. */
export const IDLE_MS = 120_000;

const ACCEPTED = 'HTTP/1.1 204 No Content\r\n\r\n';
const UNCHANGED = 'HTTP/1.1 304 Not Modified\r\n\r\n';

/** How a poll is answered. */
export interface PollAnswer {
  table(table: Table): void;
  unchanged(): void;
}

export interface PlainRoutes {
  /** Answers now or later; returns how to give up waiting, or undefined when too many wait already. */
  poll(held: string, answer: PollAnswer): (() => void) | undefined;
  /** False: these are none. */
  statistics(body: Buffer): boolean;
  /** Takes over what is not plain, of which `bytes` are the beginning. */
  other(socket: Socket, bytes: Buffer): void;
}

export function servePlainly(socket: Socket, routes: PlainRoutes): void {
  let waiting: Buffer | undefined;
  let giveUp: (() => void) | undefined;
  const answer: PollAnswer = {
    table(table) {
      waiting = undefined;
      socket.cork();
      socket.write(headOf(table), 'latin1');
      socket.write(table.bytes);
      socket.uncork();
    },
    unchanged() {
      waiting = undefined;
      socket.write(UNCHANGED, 'latin1');
    },
  };
  /** False: it is left to node:http, which says what is wrong. */
  const serve = (bytes: Buffer): boolean => {
    // One at a time, and none to a client that does not read its answers.
    const request = waiting === undefined && socket.writableLength === 0 ? readPlainRequest(bytes) : undefined;
    if (request === undefined) return false;
    if (request.kind === 'statistics') {
      const taken = routes.statistics(request.body);
      if (taken) socket.write(ACCEPTED, 'latin1');
      return taken;
    }
    waiting = bytes;
    giveUp = routes.poll(request.version, answer);
    return giveUp !== undefined;
  };
  const onData = (bytes: Buffer): void => {
    if (serve(bytes)) return;
    giveUp?.();
    socket.off('data', onData).off('end', onEnd).off('timeout', onTimeout).off('close', onClose).off('error', onError);
    socket.setTimeout(0);
    routes.other(socket, waiting === undefined || waiting === bytes ? bytes : Buffer.concat([waiting, bytes]));
  };
  const onEnd = (): void => void socket.end();
  const onTimeout = (): void => void socket.destroy();
  const onClose = (): void => giveUp?.();
  // It is closed next.
  const onError = (): void => {};
  socket.setTimeout(IDLE_MS);
  socket.on('data', onData).on('end', onEnd).on('timeout', onTimeout).on('close', onClose).on('error', onError);
}

function headOf({ bytes, assignment }: Table): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: ${bytes.length}\r\nx-ballast-assignment: ${assignment}\r\n\r\n`;
}
