/** Grants weigh as much as kubelet's pods of the same request, by either curve. Prints the table of docs/adr. */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { cpuControllerFiles } from '../../host-agent/apply/cpu-interface-v1.ts';
import { call } from './support/guest.ts';
import { Pod } from './support/pods.ts';
import { measure } from './support/usage.ts';

/** Request in thousandths of a core, kubelet's shares for it, and `cpu.weight` by each curve. */
const REQUESTS = [
  { milliCores: 50, shares: 51, linear: 2, logarithmic: 11 },
  { milliCores: 100, shares: 102, linear: 4, logarithmic: 17 },
  { milliCores: 250, shares: 256, linear: 10, logarithmic: 35 },
  { milliCores: 500, shares: 512, linear: 20, logarithmic: 59 },
  { milliCores: 1000, shares: 1024, linear: 39, logarithmic: 100 },
  { milliCores: 2000, shares: 2048, linear: 79, logarithmic: 174 },
  { milliCores: 8000, shares: 8192, linear: 313, logarithmic: 532 },
  { milliCores: 64_000, shares: 65_536, linear: 2500, logarithmic: 3023 },
] as const;

/** What the agent's own pod requests in the manifests, and what that weighs. */
const OWN = { milliCores: 20, linear: 1, logarithmic: 6 } as const;

const granted = new Map<string, string>();

afterEach(async () => {
  await call('closeControl');
});

afterAll(() => {
  const column = (text: string | number): string => String(text).padStart(12);
  const titles = ['request', 'cpu.shares', 'v1 granted', 'linear', 'granted', 'logarithmic', 'granted'];
  const rows = REQUESTS.map(({ milliCores, shares, linear, logarithmic }) => {
    const grantOf = (curve: string): string => granted.get(`${curve} ${shares}`) ?? '';
    const v1 = cpuControllerFiles.sharesText(shares);
    return [`${milliCores}m`, shares, v1, linear, grantOf('linear'), logarithmic, grantOf('logarithmic')];
  });
  console.log(['', ...[titles, ...rows].map((row) => row.map(column).join(''))].join('\n'));
});

describe.each(['linear', 'logarithmic'] as const)('on a node whose kubelet uses the %s curve', (curve) => {
  /** The agent's own pod, which shows the curve. */
  async function openControl(): Promise<void> {
    const own = await Pod.make('cgroupfs', { weight: OWN[curve] });
    await call('openControl', own.uid, OWN.milliCores);
  }

  test('a grant gets the weight that kubelet gives a pod of that request', async () => {
    await openControl();
    const pod = await Pod.make('cgroupfs', { weight: 1 });
    for (const request of REQUESTS) {
      const applied = await call('grant', [{ uid: pod.uid, shares: request.shares }]);
      expect(applied.curve).toBe(curve);
      const [weight] = await pod.settings();
      granted.set(`${curve} ${request.shares}`, weight);
      expect(Number(weight)).toBe(request[curve]);
    }
    await call('closeControl');
    expect((await pod.settings())[0]).toBe('1');
  });

  test('a granted pod and one that requests as much get half of a CPU each', async () => {
    await openControl();
    const request = REQUESTS[2];
    const requesting = await Pod.make('cgroupfs', { weight: request[curve] });
    const balanced = await Pod.make('cgroupfs', { weight: 1 });
    await requesting.startProcess('busy');
    await balanced.startProcess('busy');
    await call('grant', [{ uid: balanced.uid, shares: request.shares }]);
    const { pods } = await measure([requesting, balanced], 3);
    const [a = NaN, b = NaN] = pods.map(({ cores }) => cores);
    expect(b / (a + b)).toBeGreaterThan(0.4);
    expect(b / (a + b)).toBeLessThan(0.6);
  });
});
