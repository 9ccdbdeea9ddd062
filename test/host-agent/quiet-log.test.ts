import { expect, test } from 'vitest';
import { atMostEvery, onChange } from '../../host-agent/quiet-log.ts';

test('one line per change of state, whatever its words', () => {
  const lines: string[] = [];
  const log = onChange((line) => lines.push(line));
  log('up', 'up at 1');
  log('up', 'up at 2');
  log('down', 'down at 3');
  log('up', 'up at 4');
  expect(lines).toEqual(['up at 1', 'down at 3', 'up at 4']);
});

test('one line a minute, however many faults', () => {
  const lines: string[] = [];
  let now = 0;
  const log = atMostEvery(
    60_000,
    () => now,
    (line) => lines.push(line),
  );
  for (; now <= 120_000; now += 1000) log(`fault at ${now}`);
  expect(lines).toEqual(['fault at 0', 'fault at 60000', 'fault at 120000']);
});
