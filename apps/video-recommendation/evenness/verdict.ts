/** Judges from the counts of each replica whether its traffic is even. Pure. */
import { type Result, failure, success } from '../../../contract/result.ts';
import { type ChiSquareTest, MIN_EXPECTED, testEqual, wilsonInterval } from './chi-square.ts';

export interface ReplicaShare {
  readonly replica: string;
  readonly requests: number;
  readonly share: number;
  /** 95 % confidence interval of the share. */
  readonly low: number;
  readonly high: number;
}

export interface Verdict {
  /** The counts do not contradict equal shares. */
  readonly isEven: boolean;
  /** By name, then those that never answered. */
  readonly replicas: readonly ReplicaShare[];
  readonly test: ChiSquareTest;
}

export interface Judging {
  /** Replicas that there are. Undefined: those that answered. */
  readonly replicas: number | undefined;
  /** Probability of calling even traffic uneven. */
  readonly significance: number;
}

/** @param counts of answers by name of the replica */
export function judge(counts: ReadonlyMap<string, number>, { replicas, significance }: Judging): Result<Verdict> {
  const expected = replicas ?? counts.size;
  if (counts.size > expected) {
    return failure('INVALID_FLAG', `--replicas ${expected} is too few: ${counts.size} replicas answered`);
  }
  if (expected < 2) {
    return failure(
      'INVALID_FLAG',
      `only ${[...counts.keys()].join()} answered: say with --replicas how many there are`,
    );
  }
  const answers = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (answers < MIN_EXPECTED * expected) {
    return failure(
      'INVALID_FLAG',
      `--requests: ${answers} answers are too few for ${expected} replicas, the test needs ${MIN_EXPECTED * expected}`,
    );
  }
  const silent = Array.from({ length: expected - counts.size }, (_, index) => [`(silent ${index + 1})`, 0] as const);
  const named = [...counts].toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  const rows = [...named, ...silent].map(([replica, requests]): ReplicaShare => {
    const [low, high] = wilsonInterval(requests, answers);
    return { replica, requests, share: requests / answers, low, high };
  });
  const test = testEqual(rows.map(({ requests }) => requests));
  return success({ isEven: test.pValue >= significance, replicas: rows, test });
}
