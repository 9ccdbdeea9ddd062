/** The agent's program, as its image holds it, on a kernel with cgroup version 2. */
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ReportedPod } from './guest/agent.ts';
import { call } from './support/guest.ts';
import { DRIVERS, Pod, quotaText } from './support/pods.ts';

const WAIT = { timeout: 100_000, interval: 200 };

test('the agent reports pods of both drivers, sets their grants, and restores them when it stops', async () => {
  const own = await Pod.make('systemd', { weight: 6 });
  const pods = await Promise.all(DRIVERS.map(async (driver) => Pod.make(driver, { weight: 17, quota: 90_000 })));
  const settings = async (): Promise<unknown> => Promise.all(pods.map(async (pod) => pod.settings()));
  const flags = ['--cpu-control', '/tmp/agent.json', '--pod-uid', own.uid, '--pod-cpu-request', '20'];
  await call('startAgent', '--interval-ms', '500', ...flags);
  onTestFinished(async () => void (await call('stopAgent')));
  for (const pod of pods) await pod.startProcess('busy');
  const reported = async (): Promise<(ReportedPod | undefined)[]> =>
    Promise.all(pods.map(async ({ uid }) => call('reportedPod', uid)));
  await vi.waitFor(async () => {
    for (const pod of await reported()) {
      expect(pod).toMatchObject({ limitCores: 0.9, grantedCores: null });
      expect(pod?.cpuSeconds).toBeGreaterThan(0.2);
    }
  }, WAIT);

  await call(
    'sendGrants',
    pods.map(({ uid }) => ({ uid, shares: 1024, quotaCores: 0.5 })),
  );
  // 1024 shares weigh 100 on a node on which 20 shares weigh 6.
  const granted = ['100', quotaText(50_000)];
  await vi.waitFor(async () => expect(await settings()).toEqual([granted, granted]), WAIT);
  const cores = { limitCores: 0.9, grantedCores: 0.5 };
  await vi.waitFor(async () => expect(await reported()).toMatchObject([cores, cores]), WAIT);
  expect((await call('agentLog')).join('\n')).toContain("cpu.weight: logarithmic, as the agent's own pod shows");

  expect(await call('stopAgent')).toBe(0);
  const before = ['17', quotaText(90_000)];
  expect(await settings()).toEqual([before, before]);
});
