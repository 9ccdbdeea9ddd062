/** The matrix as a table for a terminal, with a line per pair of releases. Pure. */
import Table from 'cli-table3';
import pc from 'picocolors';
import { istioRelease, kubernetesRelease } from '../../install/versions.ts';
import { type Combination, SCENARIOS } from './scenarios.ts';

type Colours = Pick<typeof pc, 'bold' | 'red'>;

export function matrixTable(combinations: readonly Combination[], colours: Colours = pc): string {
  const titles = SCENARIOS.map(({ title }) => title);
  const table = new Table({
    head: ['Kubernetes', 'Istio', 'Envoy', ...titles, 'failed'].map((title) => colours.bold(title)),
    style: { head: [], border: [] },
  });
  for (const { kubernetes, istio, scenarios } of combinations) {
    const requests = scenarios.reduce((sum, each) => sum + each.requests, 0);
    const failed = scenarios.reduce((sum, each) => sum + each.failedRequests, 0);
    table.push([
      kubernetesRelease(kubernetes).version,
      istioRelease(istio).version,
      istioRelease(istio).envoy,
      ...scenarios.map(({ passed }) => (passed ? 'passed' : colours.red('failed'))),
      `${failed === 0 ? '0' : colours.red(String(failed))} of ${requests}`,
    ]);
  }
  return table.toString();
}
