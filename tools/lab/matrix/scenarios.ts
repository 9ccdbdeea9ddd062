/** What the matrix runs on each pair, and what became of it. Pure. */
import { type Pair, nameOf } from '../../install/versions.ts';

/** A part of the lab's tests, named by what it shows. */
export interface Scenario {
  readonly title: string;
  /** A file in `test/lab`. */
  readonly file: string;
  /** Its tests; all of the file without it. */
  readonly tests?: RegExp;
}

export const SCENARIOS: readonly Scenario[] = [
  { title: 'main job', file: 'install.test.ts' },
  { title: 'scale', file: 'endpoint-routing.test.ts', tests: /^3 to 6 to 2/ },
  { title: 'rolling update', file: 'endpoint-routing.test.ts', tests: /^a rolling update/ },
  { title: 'not ready', file: 'not-ready.test.ts' },
  { title: 'pinning', file: 'pinning.test.ts' },
  { title: 'failover', file: 'failover.test.ts' },
  { title: 'plugin kinds', file: 'plugin-kinds.test.ts' },
];

export const FILES: readonly string[] = [...new Set(SCENARIOS.map(({ file }) => `test/lab/${file}`))];

/** What is read of Vitest's report. */
export interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      /** Requests that the test sent, and how many of them failed (test/lab/support/traffic.ts). */
      readonly meta?: { readonly requests?: { readonly due: number; readonly failed: number } };
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

export interface ScenarioOutcome {
  readonly title: string;
  readonly passed: boolean;
  readonly requests: number;
  readonly failedRequests: number;
  readonly failures: readonly string[];
}

export interface Combination extends Pair {
  readonly passed: boolean;
  readonly scenarios: readonly ScenarioOutcome[];
}

function outcomeOf(scenario: Scenario, report: TestReport): ScenarioOutcome {
  const results = report.testResults
    .filter(({ name }) => name.endsWith(`/${scenario.file}`))
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ title }) => scenario.tests === undefined || scenario.tests.test(title));
  const requests = results.map(({ meta }) => meta?.requests ?? { due: 0, failed: 0 });
  return {
    title: scenario.title,
    // A test that was not there, or did not run, has not passed.
    passed: results.length > 0 && results.every(({ status }) => status === 'passed'),
    requests: requests.reduce((sum, { due }) => sum + due, 0),
    failedRequests: requests.reduce((sum, { failed }) => sum + failed, 0),
    failures: results.flatMap(({ failureMessages }) => failureMessages.map((text) => text.split('\n', 1).join(''))),
  };
}

/** `report` is undefined where the lab did not come up. */
export function combinationOf(pair: Pair, report: TestReport = { testResults: [] }): Combination {
  const scenarios = SCENARIOS.map((scenario) => outcomeOf(scenario, report));
  return { ...pair, passed: scenarios.every(({ passed }) => passed), scenarios };
}

export interface MatrixSummary {
  readonly combinations: number;
  readonly passed: number;
  readonly requests: number;
  readonly failed_requests: number;
}

export function summaryOf(combinations: readonly Combination[]): MatrixSummary {
  const outcomes = combinations.flatMap(({ scenarios }) => scenarios);
  return {
    combinations: combinations.length,
    passed: combinations.filter(({ passed }) => passed).length,
    requests: outcomes.reduce((sum, { requests }) => sum + requests, 0),
    failed_requests: outcomes.reduce((sum, { failedRequests }) => sum + failedRequests, 0),
  };
}

/** One line for each combination that did not pass: the scenarios, and the first thing that each complained of. */
export function complaints(combinations: readonly Combination[]): string[] {
  return combinations
    .filter(({ passed }) => !passed)
    .map((combination) => {
      const failed = combination.scenarios.filter(({ passed }) => !passed);
      const reasons = failed.map(({ title, failures }) => `${title}: ${failures[0] ?? 'did not run'}`);
      return `${nameOf(combination)}: ${reasons.join('; ')}`;
    });
}
