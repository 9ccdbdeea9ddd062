/** One proxy with both listeners, as every pod has it: one VM, two root contexts of different configuration. */
import { request } from 'undici';
import { expect, it } from 'vitest';
import { AGENT_CLUSTER } from '../../contract/names.ts';
import { buildPlugin } from '../../wasm-plugin/build.ts';
import { Application } from './support/application.ts';
import { inboundClusters, inboundListener, outboundClusters, outboundListener } from './support/envoy-config.ts';
import { EnvoyProcess, until } from './support/envoy-process.ts';
import { FakeAgent } from './support/fake-agent.ts';

it('both sides work in one VM, and report together', async () => {
  const wasm = await buildPlugin();
  await using agent = await FakeAgent.start();
  await using application = await Application.start('echo-0');
  await using other = await Application.start('other-0');
  const service = {
    host: 'other.shop.svc.cluster.local',
    port: 8080,
    routing: 'Endpoint' as const,
    endpoints: [{ name: 'other-0', address: other.address }],
  };
  const [inbound] = inboundClusters(application.address, agent.address);
  await using envoy = await EnvoyProcess.start({
    nodeId: 'sidecar~127.0.0.1~echo-0.shop~shop.svc.cluster.local',
    listeners: [
      inboundListener({ wasm, configuration: '{"side": "inbound"}' }),
      outboundListener([service], { wasm, configuration: JSON.stringify({ agentCluster: AGENT_CLUSTER }) }),
    ],
    clusters: [...outboundClusters([service], agent.address), ...(inbound ? [inbound] : [])],
  });
  agent.publish([
    {
      key: `8080|${service.host}`,
      routing: 'Endpoint',
      pinning: false,
      replicas: [{ name: 'other-0', address: other.address, weight: 1 }],
    },
  ]);
  const get = async (listener: string, host: string): Promise<number> => {
    const response = await request(`http://${await envoy.address(listener)}/`, { headers: { host } });
    await response.body.dump();
    return response.statusCode;
  };
  await until(async () => {
    expect(await get('inbound', 'anything')).toBe(200);
    expect(await get('outbound', service.host)).toBe(200);
    return [...agent.statistics.values()].some(({ served, called }) => served !== undefined && called.length === 1);
  }, 'one VM to report both sides');
  expect(agent.malformed).toEqual([]);
  expect(envoy.log).not.toMatch(/wasm|ballast/i);
});
