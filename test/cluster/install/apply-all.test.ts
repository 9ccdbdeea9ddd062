/** A real API server takes every manifest of the project without a warning, and Istio's own analysis has no complaint. */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { buildGoTool } from '../../../tools/go/build.ts';
import { type ApiServer, startApiServer } from '../api-server/api-server.ts';
import { applyArgoDefinitions } from './argo-definitions.ts';
import { applyIstioDefinitions } from './istio-definitions.ts';
import { applyMonitoringDefinitions } from './monitoring-definitions.ts';
import { byName, CONFIGS, helmTemplate, type KubernetesObject, kustomize } from './render.ts';

let server: ApiServer;

async function apply(...flags: string[]): Promise<string> {
  return server.kubectl(['apply', '--server-side', '--warnings-as-errors', ...flags]);
}

beforeAll(async () => {
  server = await startApiServer();
  await applyIstioDefinitions(server);
  await applyMonitoringDefinitions(server);
  await applyArgoDefinitions(server);
  for (const name of ['istio-system', 'shop', 'argocd']) await server.kubectl(['create', 'namespace', name]);
  // What is only tried below needs them to be there.
  for await (const file of glob('*/base/namespace.yaml', { cwd: CONFIGS })) await apply('-f', join(CONFIGS, file));
});
afterAll(async () => server[Symbol.asyncDispose]());

describe('kubectl apply', () => {
  test('installs all of base at once, and a policy right after it', async () => {
    await apply('-k', join(CONFIGS, 'base'));
    await server.kubectl([
      'wait',
      '--for=condition=Established',
      '--timeout=30s',
      'crd/loadbalancingpolicies.ballast.dev',
    ]);
    await apply('-k', join(CONFIGS, 'hotel-reservation/endpoint'));
    expect(await server.kubectl(['get', 'lbp', '-n', 'hotel-reservation', '-o', 'name'])).toContain('/search');
  });

  test('lets clients name a replica of every service in the variant for it, and changes nothing else of endpoint', async () => {
    const [usual, pinning] = await Promise.all(
      ['endpoint', 'pinning'].map(async (variant) => byName(await kustomize(`hotel-reservation/${variant}`))),
    );
    const policies = [...(pinning?.entries() ?? [])].filter(([name]) => name.startsWith('LoadBalancingPolicy '));
    expect(policies).toHaveLength(8);
    for (const [, policy] of policies) expect(policy['spec']).toMatchObject({ pinning: 'Allowed' });
    const added = [...(pinning?.keys() ?? [])].filter((name) => usual?.has(name) !== true);
    expect(added.every((name) => /^VirtualService hotel-reservation \w+-by-host$/.test(name))).toBe(true);
    expect(added).toHaveLength(7);
    for (const [name, object] of usual ?? []) {
      if (object.kind !== 'LoadBalancingPolicy') expect(pinning?.get(name), name).toEqual(object);
    }
  });

  test('a second time changes nothing', async () => {
    const versions = async (): Promise<string> =>
      server.kubectl([
        'get',
        'deploy,ds,svc,sa,netpol,pdb',
        '-A',
        '-o',
        'jsonpath={.items[*].metadata.resourceVersion}',
      ]);
    const before = await versions();
    await apply('-k', join(CONFIGS, 'base'));
    expect(await versions()).toBe(before);
  });

  test('installs load tests at once, and a load right after them', async () => {
    await apply('-k', join(CONFIGS, 'load-generator/base'));
    for (const plural of ['loadgenrequests', 'loadgenresults']) {
      const definition = `crd/${plural}.loadgen.ballast.dev`;
      await server.kubectl(['wait', '--for=condition=Established', '--timeout=30s', definition]);
    }
    await apply('-f', join(CONFIGS, 'load-generator/example.yaml'));
    expect(await server.kubectl(['get', 'lgreq', '-n', 'hotel-reservation', '-o', 'name'])).toContain('/visitors');
  });

  test('takes what each other folder makes', async () => {
    const folders = [];
    for await (const file of glob('**/kustomization.yaml', { cwd: CONFIGS })) folders.push(join(file, '..'));
    expect(folders).toContain('cpu-control');
    for (const folder of folders.toSorted()) {
      const namespace = folder.startsWith('plugin/') ? ['--namespace=shop'] : [];
      await apply('-k', join(CONFIGS, folder), ...namespace, '--force-conflicts', '--dry-run=server');
    }
  });

  test('takes each file, as a patch where it is one', async () => {
    const files = [];
    for await (const file of glob('**/*.yaml', { cwd: CONFIGS })) {
      if (!/^chart\/|kustomization\.yaml$/.test(file)) files.push(file);
    }
    expect(files.length).toBeGreaterThan(20);
    for (const file of files.toSorted()) {
      const namespace = file.startsWith('plugin/') ? ['--namespace=shop'] : [];
      await apply(
        '-f',
        join(CONFIGS, file),
        ...namespace,
        '--field-manager=patch',
        '--force-conflicts',
        '--dry-run=server',
      );
    }
  });

  test('takes what Helm makes with everything switched on', async () => {
    const objects = await helmTemplate(
      'plugin.namespaces={shop,istio-system}',
      'agent.cpuControl=true',
      'imagePullSecrets[0].name=registry',
      'controller.nodeSelector.disk=fast',
      'controller.tolerations[0].operator=Exists',
    );
    const text = objects.map((object) => stringify(object)).join('---\n');
    await server.kubectl(
      ['apply', '--server-side', '--force-conflicts', '--warnings-as-errors', '--dry-run=server', '-f', '-'],
      text,
    );
  });
});

describe('Pod Security', () => {
  /** Creates the pod of a workload's template in a dry run. */
  async function createPod(workload: KubernetesObject | undefined, namespace: string): Promise<string> {
    if (workload === undefined) throw new Error('there is no such workload');
    const { template } = workload['spec'] as { template: Record<string, unknown> };
    const pod = { ...template, apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod', namespace } };
    return server.kubectl(['create', '--dry-run=server', '-f', '-'], stringify(pod));
  }

  test('lets both programs run in their namespaces, and keeps the agent out of the controller’s for its hostPath alone', async () => {
    const objects = byName(await kustomize('base'));
    const [controller, agent] = [
      objects.get('Deployment ballast-system ballast-controller'),
      objects.get('DaemonSet ballast-agents ballast-agent'),
    ];
    expect(await createPod(controller, 'ballast-system')).toContain('created');
    expect(await createPod(agent, 'ballast-agents')).toContain('created');
    const refusal = await createPod(agent, 'ballast-system').catch(String);
    expect(refusal).toMatch(
      /violates PodSecurity "restricted:latest": restricted volume types \(volume "cgroups" uses [^()]*\)$/m,
    );
  });

  test('asks the agent with CPU control for nothing but a user that is not root, and no volume of the node', async () => {
    const agent = byName(await kustomize('cpu-control')).get('DaemonSet ballast-agents ballast-agent');
    expect(await createPod(agent, 'ballast-agents')).toContain('created');
    const refusal = await createPod(agent, 'ballast-system').catch(String);
    expect(refusal).not.toMatch(/privileged|capabilities|allowPrivilegeEscalation|seccomp/);
  });
});

describe('Istio', () => {
  async function analyze(objects: readonly KubernetesObject[]): Promise<string> {
    const input = objects.map((object) => stringify(object)).join('---\n');
    return execFileSync(await buildGoTool('istio/analyze'), { input, encoding: 'utf8' });
  }

  const applications = [
    'hotel-reservation/subset',
    'hotel-reservation/pinning',
    ...globSync('*/{endpoint,statefulset,deployment}', { cwd: CONFIGS }),
  ];

  test.each(applications.toSorted())('has nothing to say of Ballast and %s', async (application) => {
    const folders = await Promise.all(['base', 'tracing', application].map(async (folder) => kustomize(folder)));
    expect(await analyze(folders.flat())).toBe('');
  });

  test('would speak up about a subset that is not there', async () => {
    const broken: KubernetesObject = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'broken', namespace: 'shop' },
      spec: { hosts: ['search'], http: [{ route: [{ destination: { host: 'search', subset: 'v1' } }] }] },
    };
    expect(await analyze([broken])).toContain('IST0101');
  });
});
