/** The virtual machine as tests see it: commands that resolve with what they returned in there. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, inject } from 'vitest';
import type { Answer, Commands, Request } from '../guest/protocol.ts';
import { consoleOf, lineOf } from '../machine/start.ts';

let socket: Socket | undefined;
let answers: AsyncIterator<string> | undefined;
/** Commands go one after the other. */
let last: Promise<unknown> = Promise.resolve();

beforeAll(async () => {
  socket = connect(lineOf(inject('machine')));
  await once(socket, 'connect');
  answers = createInterface({ input: socket })[Symbol.asyncIterator]();
});

afterAll(() => {
  socket?.destroy();
});

async function send(request: Request): Promise<unknown> {
  socket?.write(`${JSON.stringify(request)}\n`);
  const next = await answers?.next();
  if (next === undefined || next.done === true) {
    throw new Error(`the virtual machine is gone; it printed: ${consoleOf(inject('machine'))}`);
  }
  const answer = JSON.parse(next.value) as Answer;
  if ('error' in answer) throw new Error(`${request.command}: ${answer.error}`);
  return answer.value;
}

export async function call<Name extends keyof Commands>(
  command: Name,
  ...args: Parameters<Commands[Name]>
): Promise<Awaited<ReturnType<Commands[Name]>>> {
  const result = last.then(async () => send({ command, args }));
  last = result.catch(() => undefined);
  return (await result) as Awaited<ReturnType<Commands[Name]>>;
}
