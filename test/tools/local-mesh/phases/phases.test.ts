import { describe, expect, it } from 'vitest';
import { latencyHistogram, recordMs } from '../../../../tools/load-generator/measure/histogram.ts';
import type { LoadSecond } from '../../../../tools/load-generator/measure/tally.ts';
import { CpuRecorder } from '../../../../tools/local-mesh/phases/cpu-recorder.ts';
import { doubtAbout, inOrder, machineUse } from '../../../../tools/local-mesh/phases/machine-use.ts';
import { measureRun } from '../../../../tools/local-mesh/phases/measure.ts';
import { planPhases } from '../../../../tools/local-mesh/phases/plan.ts';

const PLAN = planPhases({ rounds: 2, quietRounds: 1, phaseSeconds: 20, quietPhaseSeconds: 10, settleSeconds: 4 });

function second(index: number, latencyMs: number, failed = 0): LoadSecond {
  const latency = latencyHistogram();
  recordMs(latency, latencyMs);
  const failures = { status: failed, connect: 0, reset: 0, timeout: 0, notSent: 0, dropped: 0 };
  return { index, startMs: index * 1000, due: 10, answered: 10 - failed, failed, failures, latency };
}

/** A counter that a test sets. */
function counter(name: string, cores: number) {
  return { name, cores, used: 0, cpuSeconds: () => 0 };
}

describe('the plan of phases', () => {
  it('lets the default and Ballast take turns, without a break, first without the neighbour', () => {
    expect(PLAN.map(({ balancer }) => balancer)).toEqual(
      Array.from({ length: 3 }, () => ['default', 'ballast']).flat(),
    );
    expect(PLAN.map(({ neighbour }) => neighbour)).toEqual([false, false, true, true, true, true]);
    expect(PLAN.map(({ round }) => round)).toEqual([0, 0, 1, 1, 2, 2]);
    expect(PLAN.map(({ startSecond }) => startSecond)).toEqual([0, 10, 20, 40, 60, 80]);
    expect(PLAN.slice(1).map(({ startSecond }) => startSecond)).toEqual(PLAN.slice(0, -1).map((p) => p.endSecond));
    expect(PLAN.every(({ startSecond, measuredSecond }) => measuredSecond === startSecond + 4)).toBe(true);
  });
});

describe('what is measured', () => {
  it('counts failures from the first second of a phase on, and latency from where it has settled', () => {
    const seconds = Array.from({ length: 100 }, (_, index) =>
      second(index, index < 14 ? 900 : 5, index === 11 ? 3 : 0),
    );
    const cpu = [{ startMs: 500, utilisation: [0.25, 0.5] }];
    const run = measureRun({ startMs: 500, plan: PLAN, seconds, cpu, nodes: ['a', 'b'] });
    const [first, ballast] = run.phases;
    expect(first).toMatchObject({ name: 'default', requests: 100, failed: 0, startMs: 0, endMs: 10_000 });
    expect(first?.latency.p99Ms).toBeCloseTo(900, -1);
    expect(ballast).toMatchObject({ name: 'ballast', requests: 100, failed: 3 });
    expect(ballast?.latency.p99Ms).toBeCloseTo(5, 1);
    expect(run.latency).toHaveLength(100);
    expect(run.nodes).toEqual([
      { node: 'a', points: [{ atMs: 0, utilisation: 0.25 }] },
      { node: 'b', points: [{ atMs: 0, utilisation: 0.5 }] },
    ]);
  });
});

describe('CPU', () => {
  it('is what was used between two readings over the cores there are', () => {
    let used = 3;
    const recorder = new CpuRecorder([{ name: 'node', cores: 0.5, cpuSeconds: () => used }], 1000);
    used = 3.2;
    recorder.read(2000);
    used = 3.3;
    recorder.read(2500);
    expect(recorder.steps.map(({ startMs }) => startMs)).toEqual([1000, 2000]);
    expect(recorder.steps.map(({ utilisation }) => utilisation[0])).toEqual([
      expect.closeTo(0.4, 6),
      expect.closeTo(0.4, 6),
    ]);
  });

  it('is not told of readings that come close upon each other, as late ones do', () => {
    let used = 0;
    const recorder = new CpuRecorder([{ name: 'node', cores: 1, cpuSeconds: () => used }], 0);
    used = 1.5;
    recorder.read(3000);
    used = 1.505;
    recorder.read(3001);
    used = 2;
    recorder.read(4000);
    expect(recorder.steps.map(({ startMs, utilisation }) => [startMs, utilisation[0]])).toEqual([
      [0, 0.5],
      [3000, 0.5],
    ]);
  });

  it('that the demo did not use counts as used by others, and a large amount of it puts the result in doubt', () => {
    const counters = {
      nodes: [counter('a', 0.5), counter('b', 0.5)],
      edge: [counter('edge', 2)],
      host: counter('host', 2),
    };
    expect(inOrder(counters).map(({ name }) => name)).toEqual(['a', 'b', 'edge', 'host']);
    const at = (host: number) => machineUse(counters, [{ startMs: 0, utilisation: [0.8, 0.6, 0.1, host] }]);
    expect(at(0.45)).toMatchObject({ cores: 2, nodesCores: 0.7, edgeCores: 0.2, busyCores: 0.9 });
    expect(at(0.45).othersCores).toBeCloseTo(0, 6);
    expect(doubtAbout(at(0.45))).toBeUndefined();
    expect(doubtAbout(at(0.7))).toContain('Other processes used 0.50');
    expect(doubtAbout({ cores: 2, busyCores: 1.95, nodesCores: 1.5, edgeCores: 0.4, othersCores: 0.05 })).toContain(
      '98 %',
    );
  });
});
