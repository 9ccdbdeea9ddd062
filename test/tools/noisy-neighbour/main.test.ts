import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const MAIN = 'tools/noisy-neighbour/main.ts';

interface Taken {
  readonly askedCores: number;
  readonly takenCores: number;
  readonly seconds: number;
}

test('takes CPU until it is told to end, then says how much', async () => {
  const child = spawn(process.execPath, [MAIN, '--percent', '50', '--of', '0.4', '--threads', '2', '--json']);
  const [announced] = (await once(child.stderr.setEncoding('utf8'), 'data')) as string[];
  expect(announced).toBe('taking 0.2 cores with 2 threads, until Ctrl-C\n');
  await new Promise((resolve) => setTimeout(resolve, 500));
  child.kill('SIGTERM');
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(code).toBe(0);
  const taken = JSON.parse(output) as Taken;
  expect(taken.askedCores).toBeCloseTo(0.2);
  expect(taken.takenCores).toBeGreaterThan(0);
});

test('ends by itself after its duration', () => {
  const run = spawnSync(process.execPath, [MAIN, '--cores', '0.2', '--duration', '1500ms', '--json'], {
    encoding: 'utf8',
  });
  const taken = JSON.parse(run.stdout) as Taken;
  expect(taken.seconds).toBeGreaterThanOrEqual(1.49);
  // At most what was asked, apart from the thread's start: a busy machine gives less, never more.
  expect(taken.takenCores).toBeLessThan(0.5);
});

test.each([
  [[], 'Give either --cores or --percent'],
  [['--cores', '1', '--percent', '3'], 'Give either --cores or --percent'],
  [['--cores', '0'], '--cores 0 is not a number of cores above 0'],
  [['--cores', '0.5', '--of', '1'], '--of needs --percent'],
  [['--cores', '1.5'], '--threads 1 cannot take 1.5 cores: give at least 2'],
  [['--percent', 'all'], '--percent all is not a number'],
  [['--percent', '50', '--of', 'x'], '--of x is not a number of cores'],
  [['--cores', '0.5', '--threads', '0'], '--threads 0 is not a whole number'],
  [['--cores', '0.5', '--period', '0'], '--period 0 is not a number of milliseconds'],
  [['--cores', '0.5', '--duration', 'long'], '--duration long is not a time'],
])('%j is refused with what is wrong', (flags, says) => {
  const run = spawnSync(process.execPath, [MAIN, ...flags], { encoding: 'utf8' });
  expect(run.status).toBe(2);
  expect(run.stderr).toContain(says);
});
