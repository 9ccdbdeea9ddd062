/** Envoy's own client-side weighted round robin follows the load that the replicas' sidecars report. */
import { Agent, request } from 'undici';
import { expect, it } from 'vitest';
import { buildPlugin } from '../../wasm-plugin/build.ts';
import { Application } from './support/application.ts';
import { inboundClusters, inboundListener, outboundClusters, outboundListener } from './support/envoy-config.ts';
import { EnvoyProcess, until } from './support/envoy-process.ts';
import { FakeAgent } from './support/fake-agent.ts';

const HOST = 'echo.shop.svc.cluster.local';
const UTILISATIONS = { 'echo-0': 0.2, 'echo-1': 0.4, 'echo-2': 0.8 };
const WEIGHTED_ROUND_ROBIN = {
  load_balancing_policy: {
    policies: [
      {
        typed_extension_config: {
          name: 'envoy.load_balancing_policies.client_side_weighted_round_robin',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin',
            blackout_period: '0.1s',
            weight_update_period: '0.1s',
          },
        },
      },
    ],
  },
};

function weightedRoundRobin(cluster: object): object {
  const { lb_policy: _, ...rest } = cluster as Record<string, unknown>;
  return rest['name'] === `outbound|8080||${HOST}` ? { ...rest, ...WEIGHTED_ROUND_ROBIN } : cluster;
}

it('sends more requests to replicas that use less CPU for them, and hides the reports from clients', async () => {
  await using running = new AsyncDisposableStack();
  const plugin = { wasm: await buildPlugin(), configuration: '{"orca": true}' };
  const agent = running.use(await FakeAgent.start());
  // The caller's agent has no table, so Envoy's own balancer chooses.
  const silent = running.use(await FakeAgent.start());
  const endpoints = await Promise.all(
    Object.keys(UTILISATIONS).map(async (name) => {
      const application = running.use(await Application.start(name));
      const sidecar = await EnvoyProcess.start({
        nodeId: `sidecar~127.0.0.1~${name}.shop~shop.svc.cluster.local`,
        listeners: [inboundListener(plugin)],
        clusters: inboundClusters(application.address, agent.address),
        concurrency: 2,
      });
      return { name, address: await running.use(sidecar).address('inbound') };
    }),
  );
  const service = { host: HOST, port: 8080, routing: 'Endpoint' as const, endpoints };
  const caller = running.use(
    await EnvoyProcess.start({
      nodeId: 'sidecar~127.0.0.1~caller-0.shop~shop.svc.cluster.local',
      listeners: [outboundListener([service], plugin)],
      clusters: outboundClusters([service], silent.address).map(weightedRoundRobin),
    }),
  );
  for (const [pod, utilisation] of Object.entries(UTILISATIONS)) agent.utilisation.set(pod, utilisation);
  agent.publish([]);

  const [first] = endpoints;
  await until(async () => {
    const { headers, body } = await request(`http://${first?.address}/`);
    await body.dump();
    return /^TEXT rps_fractional=\d+\.\d{6},eps=0\.000000,cpu_utilization=0\.200000$/.test(
      String(headers['endpoint-load-metrics']),
    );
  }, 'a whole report');

  const entry = `http://${await caller.address('outbound')}/`;
  const connections = running.adopt(new Agent({ pipelining: 0 }), (held) => held.destroy());
  const share = async (): Promise<Record<string, number>> => {
    const counts: Record<string, number> = { 'echo-0': 0, 'echo-1': 0, 'echo-2': 0 };
    for (let i = 0; i < 120; i++) {
      const { headers, body } = await request(entry, { headers: { host: HOST }, dispatcher: connections });
      expect(headers['endpoint-load-metrics']).toBeUndefined();
      const { name } = (await body.json()) as { name: string };
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  await until(async () => {
    const { 'echo-0': idle = 0, 'echo-1': middling = 0, 'echo-2': busy = 0 } = await share();
    return idle > middling && middling > busy && idle > 2 * busy;
  }, 'the weights to be followed');
  expect(caller.log).not.toMatch(/wasm|ballast/i);
});
