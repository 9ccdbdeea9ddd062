import { describe, expect, it } from 'vitest';
import { PodSeries } from '../../../../central-controller/collect/v1/pod-series.ts';
import type { CalledCounters } from '../../../../contract/report.ts';
import { called, proxy } from '../../fixtures.ts';

/** A pod with one VM that posts every two seconds; gives what the controller counts of each post, by replica. */
function pod() {
  const series = new PodSeries('shop', 'frontend-0', 0);
  let sequence = 0;
  return (records: readonly CalledCounters[]) => {
    sequence += 1;
    const now = 2000 * sequence;
    const fallen = series.accept(proxy('frontend-0', sequence, { called: [...records] }), 'node-1', now);
    const windows = series.close(now);
    return {
      fallen,
      requests: Object.fromEntries(
        windows.flatMap((window) => (window.kind === 'called' ? [[window.replica, window.requests]] : [])),
      ),
    };
  };
}

describe('what a proxy counted of many replicas, spread over its posts', () => {
  it('is counted once, whichever post it comes with', () => {
    const post = pod();
    post([called('geo-0', 100), called('geo-1', 100)]);
    expect(post([called('geo-0', 110)]).requests).toEqual({ 'geo-0': 10 });
    expect(post([called('geo-1', 125)]).requests).toEqual({ 'geo-1': 25 });
    expect(post([called('geo-0', 130), called('geo-1', 126)]).requests).toEqual({ 'geo-0': 20, 'geo-1': 1 });
  });

  it('counts from zero for a replica that went and came again in between', () => {
    const post = pod();
    post([called('geo-0', 100)]);
    post([]);
    expect(post([called('geo-0', 7)])).toEqual({ fallen: [], requests: { 'geo-0': 7 } });
  });

  it('is refused where it falls from one post to the next', () => {
    const post = pod();
    post([called('geo-0', 100)]);
    const { fallen, requests } = post([called('geo-0', 7)]);
    expect(fallen).toEqual([expect.stringContaining('geo-0 requests')]);
    expect(requests).toEqual({});
  });
});
