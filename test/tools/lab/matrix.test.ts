import { createColors } from 'picocolors';
import { expect, test } from 'vitest';
import {
  type Combination,
  SCENARIOS,
  type TestReport,
  combinationOf,
  complaints,
  summaryOf,
} from '../../../tools/lab/matrix/scenarios.ts';
import { matrixTable } from '../../../tools/lab/matrix/table.ts';

const NEWEST = { kubernetes: '1.37', istio: '1.31' };
const OLDEST = { kubernetes: '1.34', istio: '1.29' };

type Result = TestReport['testResults'][number]['assertionResults'][number];

const passed = (title: string, due = 0, failed = 0): Result => ({
  title,
  status: 'passed',
  meta: { requests: { due, failed } },
  failureMessages: [],
});

/** A report in which every scenario has one test that passed, but for those replaced. */
function reportWith(replaced: Readonly<Record<string, readonly Result[]>> = {}): TestReport {
  const files = new Set(SCENARIOS.map(({ file }) => file));
  const usual: Readonly<Record<string, readonly Result[]>> = {
    'endpoint-routing.test.ts': [passed('3 to 6 to 2 replicas: …', 500), passed('a rolling update of both …', 300)],
  };
  return {
    testResults: [...files].map((file) => ({
      name: `/checkout/test/lab/${file}`,
      assertionResults: replaced[file] ?? usual[file] ?? [passed('a test', 100)],
    })),
  };
}

function scenario(combination: Combination, title: string): Combination['scenarios'][number] | undefined {
  return combination.scenarios.find((each) => each.title === title);
}

test('a pair has passed when every scenario has, and its requests are counted', () => {
  const combination = combinationOf(NEWEST, reportWith());
  expect(combination.passed).toBe(true);
  expect(scenario(combination, 'scale')).toMatchObject({ passed: true, requests: 500, failedRequests: 0 });
  expect(scenario(combination, 'rolling update')).toMatchObject({ passed: true, requests: 300 });
  expect(summaryOf([combination])).toEqual({ combinations: 1, passed: 1, requests: 1300, failed_requests: 0 });
});

test('a failed test fails its scenario alone, and its failed requests are summed up', () => {
  const bad: Result = { ...passed('a replica', 100, 3), status: 'failed', failureMessages: ['3 failed\n    at x.ts'] };
  const combinations = [
    combinationOf(NEWEST, reportWith()),
    combinationOf(OLDEST, reportWith({ 'pinning.test.ts': [passed('by default'), bad] })),
  ];
  expect(summaryOf(combinations)).toMatchObject({ combinations: 2, passed: 1, failed_requests: 3 });
  expect(complaints(combinations)).toEqual(['Kubernetes 1.34 and Istio 1.29: pinning: 3 failed']);
  const table = matrixTable(combinations, createColors(false));
  expect(table).toContain('│ 1.37.2     │ 1.31.0 │ 1.39.3 │');
  expect(table).toContain('3 of 1300');
});

test('a scenario without a test, or with one that did not run, has not passed', () => {
  const skipped: Result = { ...passed('a test'), status: 'skipped' };
  expect(combinationOf(NEWEST, reportWith({ 'failover.test.ts': [] })).passed).toBe(false);
  expect(combinationOf(NEWEST, reportWith({ 'failover.test.ts': [skipped] })).passed).toBe(false);
});

test('a lab that did not come up has passed nothing', () => {
  const combination = combinationOf(NEWEST);
  expect(combination.scenarios.map(({ passed: ok }) => ok)).toEqual(SCENARIOS.map(() => false));
  expect(complaints([combination])[0]).toContain('main job: did not run; scale: did not run');
});
