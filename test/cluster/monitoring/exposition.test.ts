/** Prometheus' own parser and linter take what controller and agent serve. */
import { expect, test } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import { ControllerMetrics } from '../../../central-controller/metrics/controller-metrics.ts';
import { createLoop, nodeReport, runTraffic } from '../../central-controller/fixtures.ts';
import { SmallMesh } from '../../envoy/support/small-mesh.ts';
import { startAgent } from '../../host-agent/support/agent-process.ts';
import { promtool } from './promtool.ts';

test('of a controller that balances', async () => {
  const running = createLoop();
  const metrics = new ControllerMetrics(running.loop.state);
  const plan = { services: new Map(), inForce: new Map(), starts: new Map(), nextAt: Infinity };
  const end = metrics.follow({ origin: 'https://api.invalid', plan: () => plan });
  await using app = await createServer(running.loop, undefined, metrics);
  running.loop.start();
  runTraffic(running, 5);
  running.loop.accept(nodeReport('node-1', 21, { proxies: [['hotel/geo-0', 1, 0, 0]] }));
  await app.inject({ method: 'POST', url: '/agent/v2/reports', payload: nodeReport('node-7', 1) });
  const { body, headers } = await app.inject({ url: '/metrics' });
  end();
  expect(headers['content-type']).toContain('version=0.0.4');
  expect(body).toMatch(/^ballast_leading 1$/m);
  expect(body).toMatch(/^ballast_routing_pending_writes 0$/m);
  expect(await promtool(['check', 'metrics', '--extended'], body)).not.toMatch(/error|should/i);
});

test('of an agent', async () => {
  const agent = await startAgent([
    '--node',
    'node-1',
    '--processes',
    '/dev/null',
    '--controller',
    'http://127.0.0.1:9',
  ]);
  const body = await (await fetch(`${agent.url}/metrics`)).text();
  await agent.stop();
  expect(body).toMatch(/^ballast_agent_assignments_valid 0$/m);
  expect(body).not.toMatch(/^ballast_agent_assignment_age_seconds /m);
  expect(body).toMatch(/^ballast_build_info\{component="host-agent",/m);
  expect(await promtool(['check', 'metrics', '--extended'], body)).not.toMatch(/error|should/i);
});

test('of a proxy with the plugin', async () => {
  await using mesh = await SmallMesh.start({ routing: 'Endpoint', sidecars: false });
  await mesh.send('echo-1');
  const body = await mesh.caller.admin('/stats/prometheus');
  // Envoy tells of no metric what it is: of its own, all that counts is that they can be read.
  expect(await promtool(['check', 'metrics', '--lint=none', '--extended'], body)).toContain('ballast_picks_total');
  const ours = body.split('\n').filter((line) => /^(?:# TYPE )?ballast_/.test(line));
  expect(ours.filter((line) => line.startsWith('# TYPE ')).length).toBeGreaterThan(9);
  const complaints = await promtool(['check', 'metrics'], `${ours.join('\n')}\n`).catch(String);
  expect(
    complaints.split('\n').filter((line) => line.startsWith('ballast_') && !line.endsWith('no help text')),
  ).toEqual([]);
});

test('and would not take a metric that breaks the conventions', async () => {
  const bad = '# TYPE ballast_time_ms counter\nballast_time_ms 1\n';
  await expect(promtool(['check', 'metrics'], bad)).rejects.toThrow('should');
});
