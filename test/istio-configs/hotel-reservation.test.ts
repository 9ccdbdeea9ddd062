import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KINDS } from '../../central-controller/kubernetes/kinds.ts';
import { selectKind, selects } from '../../central-controller/kubernetes/manifest.ts';
import type { Routing } from '../../contract/assignment.ts';
import { AGENT_CLUSTER } from '../../contract/names.ts';
import { hotelReservation as hotel } from '../../tools/local-mesh/applications/applications.ts';
import { WASM_PLUGIN } from '../../tools/local-mesh/envoy/rendered-kinds.ts';

const run = promisify(execFile);
const CHECKOUT = join(import.meta.dirname, '../..');
const BASE = 'istio-configs/hotel-reservation/base';
const FOLDER = join(CHECKOUT, 'istio-configs/hotel-reservation');
const BALLAST = join(CHECKOUT, 'central-controller/cli/main.ts');

async function render(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [BALLAST, 'render', ...args], { cwd: CHECKOUT });
  return stdout;
}

function values<T>(read: { ok: true; value: T } | { ok: false; failure: { message: string } }): T {
  if (!read.ok) throw new Error(read.failure.message);
  return read.value;
}

describe('the routing objects that are committed', () => {
  it('are what the command renders for Endpoint routing', async () => {
    const committed = await readFile(join(FOLDER, 'endpoint/routing.yaml'), 'utf8');
    expect(committed).toBe(await render('--from', BASE, '--routing', 'Endpoint'));
  });

  it('are what the command renders for Subset routing', async () => {
    const committed = await readFile(join(FOLDER, 'subset/routing.yaml'), 'utf8');
    expect(committed).toBe(await render('--from', BASE, join(FOLDER, 'endpoint/ingress.yaml'), '--routing', 'Subset'));
    expect(committed, 'rendered from its own output').toBe(
      await render('--from', BASE, join(FOLDER, 'subset/routing.yaml'), '--routing', 'Subset'),
    );
  });
});

describe.each<Routing>(['Endpoint', 'Subset'])('the objects of %s routing', (routing) => {
  it('hold eight balanced services of three replicas each', async () => {
    const manifests = await hotel.manifests(routing);
    const services = values(selectKind(manifests, KINDS.Service)).filter(({ metadata }) => metadata.labels?.['app']);
    const sets = values(selectKind(manifests, KINDS.StatefulSet));
    expect(services).toHaveLength(8);
    for (const service of services) {
      const set = sets.find(({ spec }) => selects(service.spec.selector, spec.template?.metadata?.labels ?? {}));
      expect(set?.spec.replicas, service.metadata.name).toBe(3);
      expect(service.spec.ports).toEqual([{ name: 'http', port: 8080, targetPort: 8080 }]);
      expect(service.metadata.labels?.['istio.io/persistent-session-header']).toBe(
        routing === 'Endpoint' ? 'x-lb-session' : undefined,
      );
    }
    const policies = manifests.filter(({ kind }) => kind === 'LoadBalancingPolicy');
    expect(policies).toHaveLength(8);
    expect(policies.every((policy) => JSON.stringify(policy).includes(`"routing":"${routing}"`))).toBe(true);
  });

  it('put the plugin on both sides, tell it the agent, and let traffic pass without it', async () => {
    const [plugin, ...more] = values(selectKind(await hotel.manifests(routing), WASM_PLUGIN));
    expect(more).toEqual([]);
    expect(plugin?.spec).toMatchObject({
      failStrategy: 'FAIL_OPEN',
      match: [{ mode: 'CLIENT_AND_SERVER' }],
      pluginConfig: { agentCluster: AGENT_CLUSTER },
    });
    expect(plugin?.spec.selector).toBeUndefined();
  });
});
