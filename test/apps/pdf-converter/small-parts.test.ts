import { describe, expect, test } from 'vitest';
import { Intake, oneAtATime } from '../../../apps/pdf-converter/http/intake.ts';
import { answerKind } from '../../../apps/pdf-converter/http/converter-server.ts';

const MEBI = 2 ** 20;

test.each([
  [undefined, 'pdf'],
  ['*/*', 'pdf'],
  ['image/png', 'pdf'],
  ['application/pdf', 'pdf'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'page'],
  ['Application/JSON; charset=utf-8', 'json'],
  ['application/json, text/html', 'page'],
  ['text/html, application/pdf;q=0.1', 'pdf'],
])('who accepts %s gets the result as %s', (accept, kind) => {
  expect(answerKind(accept)).toBe(kind);
});

describe('the bound on uploads', () => {
  test('holds for their sum, and each gives back what it had, once', () => {
    const intake = new Intake(10 * MEBI);
    const leave = intake.enter(6 * MEBI);
    expect(intake.enter(5 * MEBI)).toBeUndefined();
    expect(intake.enter(4 * MEBI)).toBeTypeOf('function');
    leave?.();
    leave?.();
    expect(intake.enter(7 * MEBI)).toBeUndefined();
    expect(intake.enter(6 * MEBI)).toBeTypeOf('function');
  });

  test('bounds the number of small ones, too', () => {
    const intake = new Intake(10 * MEBI);
    const entered = Array.from({ length: 100 }, () => intake.enter(1)).filter((leave) => leave !== undefined);
    expect(entered).toHaveLength(10);
  });
});

test('jobs run one at a time, in order, also after one that failed', async () => {
  const inTurn = oneAtATime();
  let running = 0;
  const done: number[] = [];
  const jobs = Array.from({ length: 10 }, (_, index) =>
    inTurn(async () => {
      running += 1;
      expect(running).toBe(1);
      await new Promise(setImmediate);
      running -= 1;
      if (index === 3) throw new Error('a job that fails');
      return done.push(index);
    }),
  );
  const ended = await Promise.allSettled(jobs);
  expect(ended.map(({ status }) => status).filter((status) => status === 'rejected')).toHaveLength(1);
  expect(done).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9]);
});
