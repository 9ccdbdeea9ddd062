/** Pods that start burn CPU for which no request asked. */
import { expect, it } from 'vitest';
import { createEstimates } from '../../../central-controller/estimate/estimates.ts';
import { observe } from '../../../central-controller/estimate/estimator.ts';
import { snapshot } from '../../../central-controller/estimate/take-snapshot.ts';
import { nodeWindow, replica, service, servedWindow, START, topology } from './windows.ts';

const COST = 0.001;
const START_UP_CORES = 0.3;
const START_UP_SECONDS = 8;

it('what pods use while they start is not taken for what they use without requests', () => {
  const estimates = createEstimates();
  let at = START;
  const pods = ['web-0', 'web-1', 'web-2'];
  /** Each pod at about 40 requests/s, but for the one that is `starting`. */
  const run = (seconds: number, starting?: string): void => {
    for (let second = 0; second < seconds; second++) {
      const requests = (name: string): number => (name === starting ? 0 : 40 + 4 * Math.sin(second + name.length));
      const cpu = pods.map((name) => [name, (name === starting ? START_UP_CORES : requests(name) * COST) / 4] as const);
      for (let quarter = 1; quarter <= 4; quarter++) {
        observe(estimates, nodeWindow(at + quarter * 250, Object.fromEntries(cpu), 0.2));
      }
      at += 1000;
      for (const name of pods) observe(estimates, servedWindow(name, at, { requests: requests(name) }));
    }
  };
  snapshot(estimates, topology([service(pods.map((name) => replica(name, 'a', { since: 0 })))]), at);
  run(60);
  // Twice a rolling update: one after the other is made anew, and is ready when it has started.
  for (const name of [...pods, ...pods]) {
    const uid = `uid-${name}`;
    const others = pods.filter((other) => other !== name).map((other) => replica(other, 'a', { since: 0 }));
    snapshot(estimates, topology([service([...others, replica(name, 'a', { uid, since: 0, ready: false })])]), at);
    run(START_UP_SECONDS, name);
    snapshot(estimates, topology([service([...others, replica(name, 'a', { uid, since: at })])]), at);
    run(4);
  }
  const taken = snapshot(estimates, topology([service(pods.map((name) => replica(name, 'a', { since: 0 })))]), at);
  for (const { cpuPerRequestSeconds, idleCores } of taken.services[0]?.replicas ?? []) {
    expect(idleCores).toBeLessThan(0.005);
    expect(cpuPerRequestSeconds).toBeGreaterThan(0.8 * COST);
  }
});
