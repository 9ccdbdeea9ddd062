import { describe, expect, it } from 'vitest';
import { FirstRequests } from './first-requests.ts';
import type { Pod } from './scene.ts';

function pod(name: string, uid: string, ready: boolean): Pod {
  return { name, uid, ready, node: 'node-1', ip: '10.0.0.1', leaving: false, quality: 'Burstable' };
}

function answerOf(replica: string) {
  return { kind: 'answered', status: 200, bytes: 1, replica } as const;
}

describe('first requests', () => {
  it('are waited for by replicas that become ready, once each', () => {
    const firsts = new FirstRequests([pod('a-0', 'old', true)]);
    firsts.seen(pod('a-0', 'old', true));
    firsts.answered(answerOf('a-0'));
    firsts.seen(pod('a-1', 'new', false));
    firsts.answered(answerOf('a-1'));
    expect(firsts.waits).toEqual([]);
    firsts.seen(pod('a-1', 'new', true));
    firsts.answered({ kind: 'timeout' });
    firsts.answered(answerOf('a-1'));
    firsts.answered(answerOf('a-1'));
    expect(firsts.waits).toHaveLength(1);
    expect(firsts.waits[0]).toBeGreaterThanOrEqual(0);
  });

  it('count anew for a replica that takes the name of another', () => {
    const firsts = new FirstRequests([]);
    for (const uid of ['first', 'second']) {
      firsts.seen(pod('a-1', uid, true));
      firsts.answered(answerOf('a-1'));
    }
    expect(firsts.waits).toHaveLength(2);
  });
});
