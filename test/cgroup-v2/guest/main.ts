/**
 * Answers the tests, which run outside the virtual machine, over its second serial line: a line of JSON holds a command,
 * the next one its result.
 */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { commands } from './commands.ts';
import { type Answer, READY, type Request } from './protocol.ts';

async function answer({ command, args }: Request): Promise<Answer> {
  try {
    const run = commands[command] as (...args: readonly unknown[]) => unknown;
    return { value: await run(...args) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

const [line = ''] = process.argv.slice(2);
const output = createWriteStream(line);
await once(output, 'open');
console.log(READY);
for await (const text of createInterface({ input: createReadStream(line) })) {
  if (text === '') continue;
  output.write(`${JSON.stringify(await answer(JSON.parse(text) as Request))}\n`);
}
