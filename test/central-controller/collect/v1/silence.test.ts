/** Who went silent starts anew, though a large fleet is looked through only now and then. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { Collector } from '../../../../central-controller/collect/collector.ts';
import { PodSeries } from '../../../../central-controller/collect/v1/pod-series.ts';
import type { ProxyCounters } from '../../../../contract/report.ts';
import { proxy, report, served } from '../../fixtures.ts';

const nodes = new Set(['node-1', 'node-2']);

function reporting() {
  const collector = new Collector();
  const at = (now: number, node: string, sequence: number, proxies: ProxyCounters[] = []) =>
    collector.acceptOld(report(node, sequence, { proxies }), nodes, now);
  return { collector, at };
}

it('a node does, whoever else was heard meanwhile', () => {
  const { collector, at } = reporting();
  at(1_000, 'node-1', 1_000);
  at(1_000, 'node-2', 1);
  at(30_500, 'node-2', 119);
  expect(collector.lastSeen('node-1')).toBe(1_000);
  expect(at(31_001, 'node-1', 1)).toMatchObject({ ok: true, value: { windows: [] } });
});

it('a proxy does', () => {
  const { at } = reporting();
  at(1_000, 'node-1', 1, [proxy('geo-0', 1, { served: served(100) })]);
  at(10_900, 'node-1', 2);
  expect(at(11_001, 'node-1', 3, [proxy('geo-0', 2, { served: served(200) })])).toMatchObject({
    value: { windows: [{ kind: 'node' }] },
  });
});

it('not all proxies are looked through with each report', () => {
  const looks = vi.spyOn(PodSeries.prototype, 'forgetSilent');
  onTestFinished(() => looks.mockRestore());
  const { at } = reporting();
  const proxies = Array.from({ length: 50 }, (_, pod) => proxy(`geo-${pod}`, 1));
  at(1_000, 'node-1', 1, proxies);
  for (let sequence = 2; sequence <= 41; sequence++) at(1_000 + 50 * sequence, 'node-1', sequence);
  expect(looks).toHaveBeenCalled();
  expect(looks.mock.calls.length).toBeLessThanOrEqual(2 * 50);
});
