/** The manifests agree with each other and with what the programs take. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { AGENT_CLUSTER, AGENT_PORT, CONTROLLER_PORT } from '../../../contract/names.ts';
import { CHECKOUT } from '../../../tools/images/build-images.ts';
import { IMAGES, imageName } from '../../../tools/images/definitions.ts';
import { APPLICATION_PLUGINS, PINNED_FILES, pluginDigest, stalePins } from '../../../tools/images/pin.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { CONFIGS, type KubernetesObject, byName, helmTemplate, kustomize } from './render.ts';

const run = promisify(execFile);

interface PodTemplate {
  readonly spec: {
    readonly containers: readonly {
      readonly image: string;
      readonly args: string[];
      readonly ports: readonly { readonly containerPort: number }[];
    }[];
  };
}

function podTemplate(object: KubernetesObject | undefined): PodTemplate['spec'] {
  if (object === undefined) throw new Error('there is no such object');
  return (object['spec'] as { template: PodTemplate }).template.spec;
}

/** The one object in a file below `istio-configs`. */
async function read(file: string): Promise<Record<string, unknown>> {
  return parse(await readFile(join(CONFIGS, file), 'utf8')) as Record<string, unknown>;
}

describe('Helm chart', () => {
  test('makes the same objects as kustomize', async () => {
    expect(byName(await helmTemplate())).toEqual(byName(await kustomize('base')));
  });

  test('makes the same objects with CPU control', async () => {
    expect(byName(await helmTemplate('agent.cpuControl=true'))).toEqual(byName(await kustomize('cpu-control')));
  });

  test('gives the plugin to the namespaces that are named', async () => {
    const wasmPlugin = byName(await helmTemplate('plugin.namespaces={shop,bank}'));
    expect(wasmPlugin.get('WasmPlugin shop ballast')?.['spec']).toEqual(
      (await read('plugin/wasm-plugin/wasm-plugin.yaml'))['spec'],
    );
    expect(wasmPlugin.has('WasmPlugin bank ballast')).toBe(true);
    const extension = byName(await helmTemplate('plugin.namespaces={shop}', 'plugin.kind=TrafficExtension'));
    expect(extension.get('TrafficExtension shop ballast')?.['spec']).toEqual(
      (await read('plugin/traffic-extension/traffic-extension.yaml'))['spec'],
    );
  });

  test('takes images from another registry, and names in another domain', async () => {
    const objects = byName(
      await helmTemplate('image.registry=r.example/', 'image.tag=v2', 'clusterDomain=corp.example'),
    );
    const agent = podTemplate(objects.get('DaemonSet ballast-agents ballast-agent'));
    expect(agent.containers[0]?.image).toBe('r.example/ballast/host-agent:v2');
    const controller = podTemplate(objects.get('Deployment ballast-system ballast-controller'));
    expect(controller.containers[0]?.args).toEqual(expect.arrayContaining(['--cluster-domain', 'corp.example']));
    expect(JSON.stringify([...objects.values()])).not.toContain('cluster.local');
  });

  test.each([
    ['controller.replicas=0', '/controller/replicas'],
    ['plugin.sha256=abc', '/plugin/sha256'],
    ['plugin.url=ftp://x', '/plugin/url'],
    ['clusterDomain=corp..example', '/clusterDomain'],
    ['clusterDomain=-corp', '/clusterDomain'],
    ['clusterDomain=Corp', '/clusterDomain'],
    ['agent.cpucontrol=true', "'cpucontrol' not allowed"],
  ])('refuses %s', async (value, complaint) => {
    await expect(helmTemplate(value)).rejects.toThrow(complaint);
  });

  test('has the version of the project', async () => {
    expect(await read('chart/Chart.yaml')).toMatchObject({
      version: packageJson.version,
      appVersion: packageJson.version,
    });
  });
});

describe('plugin', () => {
  test('is the one that the manifests name (else: npm run pin)', async () => {
    const digest = await pluginDigest();
    expect(await stalePins(digest)).toEqual([]);
    for (const file of PINNED_FILES) expect(await readFile(join(CONFIGS, file), 'utf8')).toContain(digest);
  });

  test('is configured in the same way by each kind of object', async () => {
    const wasmPlugin = await read('plugin/wasm-plugin/wasm-plugin.yaml');
    const extension = await read('plugin/traffic-extension/traffic-extension.yaml');
    expect(APPLICATION_PLUGINS).toContain('hotel-reservation/base/wasm-plugin.yaml');
    for (const file of APPLICATION_PLUGINS) expect((await read(file))['spec'], file).toEqual(wasmPlugin['spec']);
    const { match, ...wasm } = wasmPlugin['spec'] as Record<string, unknown>;
    expect(extension['spec']).toEqual({ match, wasm });
    expect(wasm).toMatchObject({ failStrategy: 'FAIL_OPEN', pluginConfig: { agentCluster: AGENT_CLUSTER } });
  });
});

describe('pods', () => {
  test.each([
    ['Deployment ballast-system ballast-controller', 'central-controller', CONTROLLER_PORT],
    ['DaemonSet ballast-agents ballast-agent', 'host-agent', AGENT_PORT],
  ])('%s starts its program with flags that it knows', async (object, image, port) => {
    const definition = IMAGES.find(({ name }) => name === image);
    if (definition === undefined) throw new Error(`no image ${image}`);
    const [container] = podTemplate(byName(await kustomize('cpu-control')).get(object)).containers;
    expect(container?.image).toBe(imageName(definition));
    expect(container?.ports[0]?.containerPort).toBe(port);
    const { stdout } = await run(process.execPath, [join(CHECKOUT, definition.modules[0]), '--help']);
    for (const flag of container?.args.filter((argument) => argument.startsWith('--')) ?? []) {
      expect(stdout).toContain(`${flag} `);
    }
  });

  test('serve the agent where proxies call it', async () => {
    const service = byName(await kustomize('base')).get('Service ballast-agents ballast-agent');
    const [, port, , host] = AGENT_CLUSTER.split('|');
    expect(host).toBe('ballast-agent.ballast-agents.svc.cluster.local');
    expect(service?.['spec']).toMatchObject({ internalTrafficPolicy: 'Local', ports: [{ port: Number(port) }] });
  });
});
