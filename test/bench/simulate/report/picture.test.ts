import { describe, expect, it } from 'vitest';
import type { Row } from './comparison.ts';
import { drawComparison } from './picture.ts';

function row(workload: string, policy: string, p99: number): Row {
  return { workload, policy, runs: [{ requests: 1, failures: 0, p50: 1, p99, p999: p99, mean: 1 }] };
}

describe('the picture', () => {
  const rows = [row('one & two', 'rival', 20), row('one & two', 'ours', 12), row('one & two', 'oracle', 10)];

  it('names what it shows, also what would break its markup', () => {
    const svg = drawComparison(rows, 'ours', 'oracle');
    for (const text of ['one &amp; two', '>rival<', '>ours<']) expect(svg).toContain(text);
    expect(svg).not.toContain('>oracle<');
  });

  it('puts the quicker policy further left', () => {
    const svg = drawComparison(rows, 'ours', 'oracle');
    const [rival] = svg.matchAll(/<circle cx="([\d.]+)" cy="(?!90")/g);
    const ours = [...svg.matchAll(/<rect x="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(Math.max(...ours.slice(1, 2))).toBeLessThan(Number(rival?.[1]));
  });

  it('leaves out what it cannot compare', () => {
    expect(drawComparison(rows.slice(0, 2), 'ours', 'oracle')).not.toContain('NaN');
  });
});
