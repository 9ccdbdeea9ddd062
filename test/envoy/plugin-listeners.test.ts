/**
 * More listeners with the plugin than the 16 whose configuration a worker's VM holds, as a gateway with many ports has.
 * Listeners of one configuration share one root context; here each has its own.
 */
import { request } from 'undici';
import { expect, it } from 'vitest';
import { AGENT_CLUSTER } from '../../contract/names.ts';
import { buildPlugin } from '../../wasm-plugin/build.ts';
import { Application } from './support/application.ts';
import { outboundClusters, outboundListener } from './support/envoy-config.ts';
import { EnvoyProcess, until } from './support/envoy-process.ts';
import { FakeAgent } from './support/fake-agent.ts';

const LISTENERS = 20;
const LAST = LISTENERS - 1;

it('all of 20 listeners follow the table, and the last one alone when the others are gone', async () => {
  const wasm = await buildPlugin();
  await using agent = await FakeAgent.start();
  await using first = await Application.start('web-0');
  await using second = await Application.start('web-1');
  const host = 'web.shop.svc.cluster.local';
  const endpoints = [first, second].map(({ address }, i) => ({ name: `web-${i}`, address }));
  const service = { host, port: 8080, routing: 'Endpoint' as const, endpoints };
  const listenerOf = (index: number): object => {
    const configuration = JSON.stringify({ agentCluster: AGENT_CLUSTER, listener: index });
    return { ...outboundListener([service], { wasm, configuration }), name: `outbound-${index}` };
  };
  const all = Array.from({ length: LISTENERS }, (_, index) => listenerOf(index));
  await using envoy = await EnvoyProcess.start({
    nodeId: 'router~127.0.0.1~gateway-0.shop~shop.svc.cluster.local',
    listeners: all,
    clusters: outboundClusters([service], agent.address),
  });
  const answered = async (index: number): Promise<string> => {
    const response = await request(`http://${await envoy.address(`outbound-${index}`)}/`, { headers: { host } });
    return response.body.text();
  };
  const followed = async (index: number, name: string): Promise<boolean> => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => answered(index)));
    return answers.every((answer) => answer.includes(name));
  };
  const choose = (name: string): void =>
    agent.publish([
      {
        key: `8080|${host}`,
        routing: 'Endpoint',
        pinning: false,
        replicas: endpoints.map((each) => ({ ...each, weight: each.name === name ? 1 : 0 })),
      },
    ]);
  choose('web-0');
  for (const index of all.keys()) await until(() => followed(index, 'web-0'), `listener ${index} to follow the table`);

  await envoy.update(all.slice(LAST));
  await until(
    async () => (await envoy.counter('listener_manager.total_listeners_draining')) === 0,
    'the end of the others',
  );
  choose('web-1');
  await until(() => followed(LAST, 'web-1'), 'the last listener to follow the next table');
  expect(envoy.log).not.toMatch(/wasm|ballast/i);
});
