/** Several workers share one table and their ejections; configuration updates under load fail no request. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outboundListener } from './support/envoy-config.ts';
import { until } from './support/envoy-process.ts';
import { SmallMesh } from './support/small-mesh.ts';

describe('several workers', () => {
  let mesh: SmallMesh;
  beforeAll(async () => {
    mesh = await SmallMesh.start({ routing: 'Endpoint', sidecars: true, workers: 3 });
  });
  afterAll(() => mesh?.[Symbol.asyncDispose]());

  /** Statistics of the caller's workers that called the service. */
  const workers = (): number =>
    [...mesh.agent.statistics.values()].filter(({ pod, called }) => pod === 'caller-0' && called.length > 0).length;

  it('all use the table that one of them fetches', async () => {
    await mesh.send('echo-1');
    await until(async () => {
      // Each worker takes the table over at its own tick.
      const answers = await mesh.getMany(32);
      return answers.every(({ name }) => name === 'echo-1') && workers() >= 2;
    }, 'two workers at least to have had requests, all for the one replica');
    // One message of the caller is held, and one of each sidecar.
    expect(mesh.agent.held).toBe(4);
  });

  it('lose nothing when a replica dies under load', async () => {
    mesh.agent.publish([mesh.assignment([0.3, 0.3, 0.4])]);
    await mesh.kill('echo-0');
    for (let i = 0; i < 30; i++) {
      const answers = await mesh.getMany(16);
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 200));
    }
    await mesh.application('echo-0').revive();
  });

  it('do not notice a new configuration of the plugin under load', async () => {
    const stop = new AbortController();
    const bad: number[] = [];
    const load = Array.from({ length: 8 }, async () => {
      while (!stop.signal.aborted) {
        const { status } = await mesh.get();
        if (status !== 200) bad.push(status);
      }
    });
    try {
      for (let i = 0; i < 4; i++) {
        const configuration = JSON.stringify({ note: `revision ${i}` });
        await mesh.caller.update([outboundListener([mesh.service], { ...mesh.plugin, configuration })]);
        mesh.agent.publish([mesh.assignment([0.3, 0.3, 0.4])]);
        await until(() => mesh.agent.held === 4, 'all to ask again');
      }
    } finally {
      stop.abort();
      await Promise.allSettled(load);
    }
    await Promise.all(load);
    expect(bad).toEqual([]);
    expect(mesh.caller.log).not.toMatch(/wasm|ballast/i);
  });
});
