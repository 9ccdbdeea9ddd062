import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { Decision } from '../../../contract/decision.ts';
import { createDecisionMemory, decide } from '../../../central-controller/decide/decide.ts';
import { DEFAULT_PARAMETERS } from '../../../central-controller/decide/settings.ts';
import type { Snapshot } from '../../../central-controller/model/snapshot.ts';
import { nodeEstimate, replicaEstimate, serviceEstimate } from './snapshots.ts';

const POLICY = { parameters: DEFAULT_PARAMETERS, manual: [] };
const TICKS = 10_000;

/** Collects all garbage at once; V8 lets programs do so only when asked by a flag. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('V8 has no gc function');
  return () => void Reflect.apply(collect, undefined, []);
}

/** Load that moves, a replica that comes and goes, one that is held back, and one service that is only observed. */
function snapshotAt(tick: number): Snapshot {
  const nodes = ['a', 'b', 'c'].map((name, n) =>
    nodeEstimate(name, { cores: 4, backgroundCores: 1 + Math.sin(tick / 7 + n) }),
  );
  const services = ['web', 'cart', 'batch'].map((name, s) => {
    const replicas = [0, 1, 2, 3].map((index) =>
      replicaEstimate(`${name}-${index}`, 'abc'[index % 3] ?? 'a', {
        requestsPerSecond: 100 + 30 * Math.sin(tick / 11 + s),
        ready: index < 3 || tick % 50 < 25,
        failureRatio: index === 0 && tick % 200 < 20 ? 0.5 : 0,
      }),
    );
    return serviceEstimate(name, replicas, {
      mode: name === 'batch' ? 'Observe' : 'Enforce',
      objective: name === 'cart' ? 'level' : 'delay',
    });
  });
  return { at: tick, nodes, services };
}

it('decides ten thousand times and keeps nothing of it', () => {
  const collect = collector();
  const memory = createDecisionMemory();
  let decision: Decision | undefined;
  const run = (from: number, to: number): number => {
    for (let tick = from; tick < to; tick++) {
      decision = decide(snapshotAt(tick), POLICY, decision, tick * 250, memory);
      expect(decision.optimalityGap).toBeLessThan(1e-6);
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = run(0, 1000);
  const after = run(1000, 1000 + TICKS);
  expect(after - before).toBeLessThan(1_000_000);
});
