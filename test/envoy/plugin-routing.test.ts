/** The plugin in real Envoys: requests follow its choice, and never a client's. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Routing } from '../../contract/assignment.ts';
import type { ProxySync } from '../../contract/proxy-sync.ts';
import { until } from './support/envoy-process.ts';
import { SmallMesh } from './support/small-mesh.ts';

for (const routing of ['Subset', 'Endpoint'] as const satisfies Routing[]) {
  describe(`${routing} routing`, () => {
    let mesh: SmallMesh;
    beforeAll(async () => {
      mesh = await SmallMesh.start({ routing, sidecars: true });
    });
    afterAll(() => mesh?.[Symbol.asyncDispose]());

    /** What a client would have to send to reach a replica of its choice. */
    const spoof = (name: string): Record<string, string> => {
      const address = mesh.service.endpoints.find((endpoint) => endpoint.name === name)?.address ?? '';
      return { 'x-lb-endpt': name, 'x-lb-session': Buffer.from(address).toString('base64') };
    };

    it('leaves requests to Istio before there is a table, whatever the client sends', async () => {
      const names = new Set<string | undefined>();
      for (let i = 0; i < 60; i++) names.add((await mesh.get(spoof('echo-1'))).name);
      expect(names.size).toBe(3);
    });

    for (const name of ['echo-0', 'echo-1', 'echo-2']) {
      it(`takes every request to the replica that has the weight, ${name}`, async () => {
        await mesh.send(name);
        for (let i = 0; i < 20; i++) expect(await mesh.get(spoof('echo-1'))).toMatchObject({ status: 200, name });
      });
    }

    it('hides the choice from the application and the client', async () => {
      await mesh.send('echo-2');
      const { headers, seen } = await mesh.get(spoof('echo-1'));
      expect([...Object.keys(headers), ...Object.keys(seen)].filter((name) => name.startsWith('x-lb-'))).toEqual([]);
    });

    it('honours a pin where the policy allows it', async () => {
      mesh.agent.publish([mesh.assignment([1, 0, 0], { pinning: true })]);
      await until(async () => (await mesh.get(spoof('echo-1'))).name === 'echo-1', 'the pin to be honoured');
      for (let i = 0; i < 10; i++) expect((await mesh.get({ 'x-lb-endpt': 'echo-2' })).name).toBe('echo-2');
    });

    it('goes on with the last table while the agent is away, and finds it again', async () => {
      await mesh.send('echo-0');
      await mesh.agent.pause();
      for (let i = 0; i < 30; i++) expect(await mesh.get()).toMatchObject({ status: 200, name: 'echo-0' });
      await mesh.agent.resume();
      await mesh.send('echo-1');
    });

    it('leaves requests to Istio once the table has run out', async () => {
      await mesh.send('echo-1', 1500);
      await sleep(1500);
      const names = new Set<string | undefined>();
      for (let i = 0; i < 60; i++) names.add((await mesh.get(spoof('echo-1'))).name);
      expect(names.size).toBe(3);
      await mesh.send('echo-2');
    });

    it('posts the statistics of both sides', async () => {
      await mesh.send('echo-0');
      const posted = (): ProxySync[] => [...mesh.agent.statistics.values()];
      await until(
        () =>
          posted().some(({ pod, called }) => pod === 'caller-0' && called.some(({ replica }) => replica === 'echo-0')),
        "the caller's statistics",
      );
      await until(
        () => posted().some(({ pod, served }) => pod === 'echo-0' && (served?.requests ?? 0) > 0),
        "the replica's statistics",
      );
      expect(mesh.agent.malformed).toEqual([]);
    });

    it('never trapped', () => {
      expect(mesh.caller.log).not.toMatch(/wasm|ballast/i);
    });
  });
}
