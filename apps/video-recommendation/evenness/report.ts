/** Shows a verdict to people. Pure. */
import Table from 'cli-table3';
import type { Counted } from './ask-often.ts';
import type { Verdict } from './verdict.ts';

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

/** One sentence with the test that it rests on. */
function sentence({ isEven, replicas, test }: Verdict, significance: number): string {
  const { statistic, degreesOfFreedom, pValue } = test;
  const shown = pValue < 0.0001 ? 'p < 0.0001' : `p = ${pValue.toFixed(4)}`;
  const figures = `chi-square ${statistic.toFixed(2)} with ${degreesOfFreedom} degrees of freedom, ${shown}`;
  return isEven
    ? `Traffic is even over ${replicas.length} replicas as far as this sample shows (${figures}, level ${significance}).`
    : `Traffic is not even over ${replicas.length} replicas (${figures}, level ${significance}).`;
}

export function describeVerdict(verdict: Verdict, { failed, firstFailure }: Counted, significance: number): string {
  const table = new Table({
    head: ['replica', 'requests', 'share', '95 % interval'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { replica, requests, share, low, high } of verdict.replicas) {
    table.push([replica, String(requests), percent(share), `${percent(low)} .. ${percent(high)}`]);
  }
  const failures = failed === 0 ? [] : [`${failed} requests failed and are not counted; the first: ${firstFailure}`];
  return [table.toString(), sentence(verdict, significance), ...failures].join('\n');
}
