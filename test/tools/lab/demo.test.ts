/** The lab's measurements as a person calls them; the lab itself is under test in test/lab. */
import { execFile } from 'node:child_process';
import { expect, it } from 'vitest';

function lab(...args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['tools/lab/main.ts', ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

it.each(['demo', 'apps'])('%s explains its flags, and what is wrong with one', async (command) => {
  const help = await lab(command, '--help');
  expect(help.code).toBe(0);
  for (const flag of ['--rate', '--seconds', '--node', '--json', '--out', '--write'])
    expect(help.output).toContain(flag);
  const short = await lab(command, '--seconds', '2');
  expect(short.code).not.toBe(0);
  expect(short.output).toContain('Must be a whole number from 12 to 3600');
  const unknown = await lab(command, '--node', 'node-9');
  expect(unknown.code).not.toBe(0);
  expect(unknown.output).toContain('node-2');
});

it('apps names those that there are when asked for another', async () => {
  const { code, output } = await lab('apps', '--only', 'cluster-info,spa');
  expect(code).not.toBe(0);
  expect(output).toMatch(/spa is none of .*cluster-info/);
});
