import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { benchCommand, demoCommand } from '../../../central-controller/cli/checkout-programs.ts';
import { ballast } from './ballast-process.ts';

const COMMANDS = join(import.meta.dirname, '../../../central-controller/cli/checkout-programs.ts');

/** A checkout with a demo that a test controls. */
const DEMO = `
  const [what, ...rest] = process.argv.slice(2);
  if (what === 'fail') process.exit(7);
  if (what === 'wait') {
    process.on('SIGTERM', () => process.exit(9));
    console.log('waiting');
    setInterval(() => {}, 1000);
  } else if (what === 'die') process.kill(process.pid, 'SIGKILL');
  else console.log(JSON.stringify([what, ...rest]));
`;

let checkout: string;

beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), 'ballast-checkout-'));
  const module = join(checkout, 'tools/local-mesh/main.ts');
  mkdirSync(dirname(module), { recursive: true });
  writeFileSync(module, DEMO);
});

afterAll(() => rmSync(checkout, { recursive: true }));

/** `ballast demo` of that checkout, as arguments of Node. */
function demo(...args: string[]): string[] {
  const program = `
    import { demoCommand } from ${JSON.stringify(COMMANDS)};
    await demoCommand(${JSON.stringify(checkout)}).parseAsync(${JSON.stringify(args)}, { from: 'user' });
  `;
  return ['--input-type=module', '--eval', program];
}

describe('ballast demo and ballast bench', () => {
  it.each([
    ['demo', 'tools/local-mesh/main.ts'],
    ['bench', 'test/bench/main.ts'],
  ])('%s is the program of the checkout, with its own help', async (name, module) => {
    const { stdout } = await promisify(execFile)(process.execPath, [module, '--help']);
    expect(await ballast([name, '--help'])).toEqual({ code: 0, out: stdout, err: '' });
  });

  it('pass all arguments on, in their order', async () => {
    const given = ['plain', '--rate', '5', '-x', '--json', '--version'];
    const { stdout } = await promisify(execFile)(process.execPath, demo(...given));
    expect(JSON.parse(stdout)).toEqual(given);
  });

  it.each([
    ['fail', 7],
    ['die', 137],
  ])('end as the program ends: %s', async (what, code) => {
    const [ended] = (await once(spawn(process.execPath, demo(what)), 'exit')) as [number];
    expect(ended).toBe(code);
  });

  it('end the program when they are ended', async () => {
    const child = spawn(process.execPath, demo('wait'));
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([9, null]);
  });

  it.each([
    ['demo', demoCommand, 'tools/local-mesh/main.ts'],
    ['bench', benchCommand, 'test/bench/main.ts'],
  ])('%s without a checkout names the missing module', async (_name, command, module) => {
    await expect(command('/nowhere').parseAsync(['--json'], { from: 'user' })).rejects.toMatchObject({
      code: 'NO_CHECKOUT',
      message: `${module}: this installation does not contain it`,
    });
  });
});
