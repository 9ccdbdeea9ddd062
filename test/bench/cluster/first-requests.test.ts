import { describe, expect, it } from 'vitest';
import { FirstRequests } from './first-requests.ts';
import type { Pod } from '../../lab/support/pods.ts';

function pod(name: string, uid: string, ready: boolean): Pod {
  return { name, uid, ready, node: 'node-1', ip: '10.0.0.1', leaving: false, restarts: 0, quality: 'Burstable' };
}

function answerOf(replica: string) {
  return { kind: 'answered', status: 200, bytes: 1, replica } as const;
}

describe('first requests', () => {
  it('are waited for by replicas that become ready, once each', () => {
    const firsts = new FirstRequests([pod('a-0', 'old', true)]);
    firsts.seen(pod('a-0', 'old', true));
    firsts.answered(answerOf('a-0'), 1);
    firsts.seen(pod('a-1', 'new', false));
    firsts.answered(answerOf('a-1'), 2);
    expect(firsts.waits).toEqual([]);
    const before = performance.now();
    firsts.seen(pod('a-1', 'new', true));
    firsts.answered({ kind: 'timeout' }, before);
    firsts.answered(answerOf('a-1'), before + 70_000);
    firsts.answered(answerOf('a-1'), before + 60_000);
    expect(firsts.waits).toHaveLength(1);
    expect(firsts.waits[0]).toBeGreaterThan(50_000);
    expect(firsts.waits[0]).toBeLessThanOrEqual(60_000);
  });

  it('count anew for a replica that takes the name of another', () => {
    const firsts = new FirstRequests([]);
    for (const uid of ['first', 'second']) {
      firsts.seen(pod('a-1', uid, true));
      firsts.answered(answerOf('a-1'), 0);
    }
    expect(firsts.waits).toEqual([0, 0]);
  });
});
