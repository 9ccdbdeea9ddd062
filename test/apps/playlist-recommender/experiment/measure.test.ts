import { describe, expect, test } from 'vitest';
import { downtimeOf, effectOf, type Sample } from '../../../../apps/playlist-recommender/experiment/measure.ts';

const SETTLE = { replicas: 2, settleMs: 300 };

/** A request each 100 ms, from 300 ms before the change on: `<version> <replica>`, or nothing for a failure. */
function course(...answers: readonly string[]): Sample[] {
  return answers.map((answer, index): Sample => {
    const [version = '', replica = ''] = answer.split(' ');
    const times = { sentMs: 100 * index - 300, endMs: 100 * index - 290 };
    return answer === ''
      ? { ...times, error: 'refused' }
      : { ...times, answer: { version, modelDate: `of ${version}`, replica } };
  });
}

describe('new code', () => {
  const roll = course('1 a', '1 b', '1 a', '1 b', '1 a', '2 b', '1 a', '2 b', '2 a', '2 b', '2 a', '2 b');

  test('is there first with the first new answer, and as a whole after the last old one', () => {
    expect(effectOf(roll, { experiment: 'code', ...SETTLE })).toEqual({
      before: ['1'],
      after: ['2'],
      firstMs: 210,
      completeMs: 310,
    });
  });

  test('is not there while old answers come, or none do', () => {
    expect(effectOf(roll.slice(0, 8), { experiment: 'code', ...SETTLE })).toBeUndefined();
    expect(effectOf(course('1 a', '1 a', '1 a', '1 a', '1 a', '1 a', '1 a'), { experiment: 'code', ...SETTLE })).toBe(
      undefined,
    );
    expect(
      effectOf(course('1 a', '1 a', '1 a', '', '', '', '', ''), { experiment: 'code', ...SETTLE }),
    ).toBeUndefined();
  });
});

test('a new data set is seen by the date of the model', () => {
  const samples = course('1 a', '1 a', '1 a', '1 a', '2 a', '2 a', '2 a', '2 a', '2 a');
  expect(effectOf(samples, { experiment: 'data', ...SETTLE })).toMatchObject({ after: ['of 2'], completeMs: 110 });
});

test('a replica is gone after its last answer', () => {
  const samples = course('1 a', '1 b', '1 c', '1 a', '1 b', '1 c', '1 a', '1 b', '1 a', '1 b', '1 a', '1 b');
  expect(effectOf(samples, { experiment: 'replicas', ...SETTLE })).toEqual({
    before: ['a', 'b', 'c'],
    after: ['a', 'b'],
    firstMs: 210,
    completeMs: 210,
  });
  expect(effectOf(samples, { experiment: 'replicas', replicas: 3, settleMs: 300 })).toBeUndefined();
});

describe('downtime', () => {
  test('is from the last answer before a failure to the next one', () => {
    const samples = course('1 a', '1 a', '1 a', '', '1 a', '', '', '1 a');
    expect(downtimeOf(samples)).toEqual({
      requests: 8,
      failed: 3,
      downtimeMs: 500,
      longestMs: 300,
      firstError: 'refused',
    });
  });

  test('lasts to the end where no answer comes any more, and is nothing without failures', () => {
    expect(downtimeOf(course('1 a', '', ''))).toMatchObject({ failed: 2, downtimeMs: 200, longestMs: 200 });
    expect(downtimeOf(course('1 a', '1 a'))).toMatchObject({ failed: 0, downtimeMs: 0, longestMs: 0 });
    expect(downtimeOf([])).toMatchObject({ requests: 0, downtimeMs: 0 });
  });
});
