/** The agent's CPU control on a kernel with cgroup version 2. */
import { afterEach, describe, expect, test } from 'vitest';
import { call } from './support/guest.ts';
import { DRIVERS, Pod, quotaText } from './support/pods.ts';
import { measure, replicaOf } from './support/usage.ts';

afterEach(async () => {
  await call('closeControl');
});

describe.each(DRIVERS)('pods of kubelet’s driver %s', (driver) => {
  test('a grant is set, bounds the pod, and is restored', async () => {
    const pod = await Pod.make(driver, { weight: 4 });
    const other = await Pod.make(driver, { weight: 20 });
    await pod.startProcess('busy');
    const before = await pod.settings();
    await call('openControl');
    expect(await call('grant', [{ uid: pod.uid, shares: 512, quotaCores: 0.4 }])).toMatchObject({ changed: 2 });
    expect(await pod.settings()).toEqual(['20', quotaText(40_000)]);
    const { pods } = await measure([pod]);
    expect(pods[0]?.cores).toBeGreaterThan(0.25);
    expect(pods[0]?.cores).toBeLessThan(0.5);
    const reported = replicaOf(await call('sample'), pod);
    expect(reported).toMatchObject({ grantedCores: 0.4 });
    expect(reported).not.toHaveProperty('limitCores');

    expect(await call('grant', [{ uid: pod.uid, quotaCores: 0.3 }])).toMatchObject({ changed: 1 });
    expect(await pod.settings()).toEqual([before[0], quotaText(30_000)]);
    const closed = await call('closeControl');
    expect(closed).toEqual({ events: ['set', 'set', 'restored', 'set', 'restored'], changed: 0 });
    expect(await pod.settings()).toEqual(before);
    expect(await other.settings()).toEqual(['20', quotaText(undefined)]);
  });

  test('a pod that is resized in place under a grant keeps the grant, and then its new size', async () => {
    const pod = await Pod.make(driver, { weight: 20, quota: 80_000 });
    const id = `resized-${driver}`;
    const path = pod.containerPath(id);
    await call('startContainer', driver, id, path, 'while :; do sleep 1; done', { shares: 512, quota: 80_000 });
    await call('openControl');
    const grants = [{ uid: pod.uid, shares: 1024, quotaCores: 0.5 }];
    await call('grant', grants);
    expect(await pod.settings()).toEqual(['39', quotaText(50_000)]);

    await pod.resize({ weight: 10, quota: 30_000 });
    await call('updateContainer', driver, id, { shares: 256, quota: 30_000 });
    expect(await call('readFile', pod.containerGroup(id), 'cpu.max')).toBe(quotaText(30_000));
    await call('grant', [...grants]);
    // A grant never raises a pod above its own limit, which is now the smaller one.
    expect(await pod.settings()).toEqual(['39', quotaText(30_000)]);
    expect(replicaOf(await call('sample'), pod)).toMatchObject({ limitCores: 0.3 });

    await pod.resize({ weight: 59, quota: 150_000 });
    await call('grant', [...grants]);
    expect(await pod.settings()).toEqual(['39', quotaText(50_000)]);
    expect(replicaOf(await call('sample'), pod)).toMatchObject({ limitCores: 1.5, grantedCores: 0.5 });
    await call('closeControl');
    expect(await pod.settings()).toEqual(['59', quotaText(150_000)]);
  });

  test('the next agent restores what a killed one left', async () => {
    const pod = await Pod.make(driver, { weight: 20, quota: 80_000 });
    const before = await pod.settings();
    await call('openControl');
    await call('grant', [{ uid: pod.uid, shares: 2048, quotaCores: 0.2 }]);
    expect(await pod.settings()).toEqual(['79', quotaText(20_000)]);
    await call('abandonControl');
    await call('openControl');
    expect(await pod.settings()).toEqual(before);
  });

  test('a grant follows a pod whose group moves, and the old group is restored', async () => {
    const before = await Pod.make(driver, { weight: 20 });
    const worker = await before.startProcess('idle');
    await call('openControl');
    const grants = [{ uid: before.uid, shares: 1024, quotaCores: 0.5 }];
    await call('grant', grants);
    const after = await Pod.make(driver, { weight: 10, quota: 90_000 }, before.uid, 'guaranteed');
    await call('moveProcess', worker, await after.makeContainer());
    await call('grant', [...grants]);
    expect(await before.settings()).toEqual(['20', quotaText(undefined)]);
    expect(await after.settings()).toEqual(['39', quotaText(50_000)]);
    await call('closeControl');
    expect(await after.settings()).toEqual(['10', quotaText(90_000)]);
  });

  test('a group that is made anew is granted again, and restored to what it had itself', async () => {
    const first = await Pod.make(driver, { weight: 20 });
    await call('openControl');
    const grants = [{ uid: first.uid, shares: 1024, quotaCores: 0.5 }];
    await call('grant', grants);
    await first.remove();
    const second = await Pod.make(driver, { weight: 17, quota: 70_000 }, first.uid);
    await call('grant', [...grants]);
    expect(await second.settings()).toEqual(['39', quotaText(50_000)]);
    await call('closeControl');
    expect(await second.settings()).toEqual(['17', quotaText(70_000)]);
  });
});
