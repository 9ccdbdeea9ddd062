/** Replicas die: requests that no application saw are retried, others are not sent twice. */
import { afterEach, describe, expect, it } from 'vitest';
import { until } from './support/envoy-process.ts';
import { SmallMesh, type MeshSetup } from './support/small-mesh.ts';

let mesh: SmallMesh | undefined;
afterEach(async () => {
  await mesh?.[Symbol.asyncDispose]();
  mesh = undefined;
});

async function started(setup: MeshSetup): Promise<SmallMesh> {
  mesh = await SmallMesh.start(setup);
  await mesh.send('echo-0');
  mesh.agent.publish([mesh.assignment([0.25, 0.25, 0.5])]);
  const started = mesh;
  await until(async () => (await started.get()).name === 'echo-2', 'the table to be taken');
  return mesh;
}

/** Requests one after the other, none in flight when a replica dies; those that were not answered 200. */
async function failuresOf(mesh: SmallMesh, requests: number): Promise<number> {
  let failures = 0;
  for (let i = 0; i < requests; i++) if ((await mesh.get()).status !== 200) failures++;
  return failures;
}

/** Starts the replica's process anew and waits until it gets requests again. */
async function reviveAndUse(mesh: SmallMesh, replica: string): Promise<void> {
  await mesh.application(replica).revive();
  const before = mesh.application(replica).seen;
  await until(async () => {
    await mesh.getMany(10);
    return mesh.application(replica).seen > before + 3;
  }, `${replica} to be used again`);
}

describe('Endpoint routing', () => {
  for (const sidecars of [true, false]) {
    it(`loses no request when a replica dies ${sidecars ? 'while its proxy lives on' : 'without a proxy'}`, async () => {
      const mesh = await started({ routing: 'Endpoint', sidecars });
      expect(await failuresOf(mesh, 20)).toBe(0);
      for (const { name } of mesh.applications) {
        await mesh.kill(name);
        expect(await failuresOf(mesh, 60)).toBe(0);
        await mesh.application(name).revive();
      }
    });
  }

  it('gets a revived replica back', async () => {
    const mesh = await started({ routing: 'Endpoint', sidecars: true });
    await mesh.kill('echo-2');
    expect(await failuresOf(mesh, 30)).toBe(0);
    await reviveAndUse(mesh, 'echo-2');
  });

  it('answers 503 itself, without a trace of the plugin, when no replica can be reached', async () => {
    const mesh = await started({ routing: 'Endpoint', sidecars: true });
    for (const application of mesh.applications) await application.kill();
    const { status, headers } = await mesh.get();
    expect(status).toBe(503);
    expect(Object.keys(headers).filter((name) => name.startsWith('x-lb-') || name.startsWith('grpc-'))).toEqual([]);
  });
});

describe('Subset routing', () => {
  for (const sidecars of [true, false]) {
    it(`loses one request per worker when a replica dies ${sidecars ? 'while its proxy lives on' : 'without a proxy'}`, async () => {
      const mesh = await started({ routing: 'Subset', sidecars });
      expect(await failuresOf(mesh, 20)).toBe(0);
      await mesh.kill('echo-2');
      // The time out of 1 s ends within, and the probe must not fail a client's request.
      const end = performance.now() + 1500;
      let failures = 0;
      while (performance.now() < end) failures += await failuresOf(mesh, 10);
      expect(failures).toBeLessThanOrEqual(1);
      await reviveAndUse(mesh, 'echo-2');
    });
  }
});

it('sends no request twice that an application may have seen', async () => {
  const mesh = await started({ routing: 'Endpoint', sidecars: true });
  for (const application of mesh.applications) application.crashes = true;
  const before = mesh.applications.reduce((sum, { seen }) => sum + seen, 0);
  expect(await failuresOf(mesh, 20)).toBe(20);
  expect(mesh.applications.reduce((sum, { seen }) => sum + seen, 0) - before).toBe(20);
});

it("leaves the application's own 503 alone", async () => {
  const mesh = await started({ routing: 'Endpoint', sidecars: true });
  for (const application of mesh.applications) {
    application.status = 503;
    application.answer = { 'x-lb-unreached': '1', 'x-lb-load': '0;1' };
  }
  const before = mesh.applications.reduce((sum, { seen }) => sum + seen, 0);
  expect(await failuresOf(mesh, 20)).toBe(20);
  expect(mesh.applications.reduce((sum, { seen }) => sum + seen, 0) - before).toBe(20);
});
