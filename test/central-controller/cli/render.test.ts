import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { EXIT_CODES } from '../../../central-controller/cli/exit-codes.ts';
import { ballast } from './ballast-process.ts';

const CART = `
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: cart, namespace: shop}
spec: {serviceName: cart, replicas: 2, template: {metadata: {labels: {app: cart}}}}
`;

function objects(yaml: string): { kind: string; metadata: { name: string } }[] {
  return parseAllDocuments(yaml).map((document) => document.toJS() as { kind: string; metadata: { name: string } });
}

describe('ballast render', () => {
  it('reads manifests from standard input and prints a YAML stream that kubectl can apply', async () => {
    const { code, out } = await ballast(['render', '--from', '-', '--routing', 'Subset'], CART);
    expect(code).toBe(0);
    expect(objects(out).map(({ kind }) => kind)).toEqual(['DestinationRule', 'VirtualService']);
    expect(out.match(/exact: cart-\d/g)).toEqual(['exact: cart-0', 'exact: cart-1']);
  });

  it('reads directories and Lists, and ignores kustomizations', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ballast-render-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const list = { apiVersion: 'v1', kind: 'List', items: objects(CART) };
    await writeFile(join(folder, 'list.yaml'), JSON.stringify(list));
    await writeFile(join(folder, 'kustomization.yaml'), 'kind: Kustomization\nresources: [list.yaml]\n');
    const { out } = await ballast(['render', '--from', folder]);
    expect(objects(out)).toMatchObject([
      { kind: 'Service', metadata: { name: 'cart', labels: { 'istio.io/persistent-session-header': 'x-lb-session' } } },
    ]);
  });

  it('needs no manifest for one StatefulSet, even if its ordinals have gaps', async () => {
    const { out } = await ballast(['render', 'statefulset', 'shop/cart', '--ordinals', '11,2', '--port', '8080']);
    const [rule, routes] = objects(out);
    expect(rule).toMatchObject({ kind: 'DestinationRule', metadata: { name: 'ballast-cart', namespace: 'shop' } });
    expect(routes).toMatchObject({
      spec: {
        http: [
          { match: [{ headers: { 'x-lb-endpt': { exact: 'cart-2' } } }] },
          { match: [{ headers: { 'x-lb-endpt': { exact: 'cart-11' } } }] },
          { route: [{ destination: { host: 'cart.shop.svc.cluster.local', port: { number: 8080 } } }] },
        ],
      },
    });
    expect(
      (await ballast(['render', 'statefulset', 'shop/cart', '--replicas', '50'])).out.match(/exact:/g),
    ).toHaveLength(50);
  });

  it('statefulset takes its options after its name, and refuses them before', async () => {
    const { out } = await ballast(['render', 'statefulset', 'shop/cart', '--routing', 'Endpoint', '--service', 'pay']);
    expect(objects(out)).toMatchObject([{ kind: 'Service', metadata: { name: 'pay' } }]);
    const { code, err } = await ballast(['render', '--routing', 'Endpoint', 'statefulset', 'shop/cart']);
    expect(code).toBe(EXIT_CODES.usage.code);
    expect(err).toContain('--routing: write it after statefulset');
  });

  it.each([
    { args: ['render'], message: '--from: the manifests to read are missing [INVALID_FLAG]' },
    { args: ['render', '--from', '/nowhere'], message: '/nowhere: ENOENT' },
    { args: ['render', '--from', '-'], input: 'kind: [', message: 'standard input:' },
    { args: ['render', '--from', '-'], input: 'kind: Service', message: 'standard input: object: must have required' },
    { args: ['render', '--from', '-', '--service', 'pay'], input: CART, message: 'none named pay' },
    { args: ['render', '--from', '-', '--routing', 'Magic'], message: 'Allowed choices are Subset, Endpoint' },
    { args: ['render', 'statefulset', 'cart'], message: 'Expected <namespace>/<name>' },
    { args: ['render', 'statefulset', 'shop/cart', '--ordinals', '1,x'], message: 'Expected ordinals such as 0,2,5' },
  ])('refuses with the fault and the remedy: $message', async ({ args, input, message }) => {
    const { code, out, err } = await ballast(args, input);
    expect([EXIT_CODES.failed.code, EXIT_CODES.usage.code]).toContain(code);
    expect(out).toBe('');
    expect(err).toContain(message);
    expect(err).not.toContain('    at ');
  });

  it('knows hosts in the domain of the cluster, and quotes what YAML would take for something else', async () => {
    const yaml = CART.replaceAll('namespace: shop', 'namespace: "no"');
    const flags = ['--cluster-domain', 'corp.example', '--routing', 'Subset'];
    const { out, err } = await ballast(['render', '--from', '-', ...flags], `${yaml}---\nreplicas: 3\n`);
    expect(out).toContain('host: cart.no.svc.corp.example');
    expect(out).toContain("namespace: 'no'");
    expect(err).toBe('standard input: document 3 has neither apiVersion nor kind, so it is left out\n');
    const one = await ballast(['render', 'statefulset', 'shop/cart', '--cluster-domain', 'corp.example']);
    expect(one.out).toContain('host: cart.shop.svc.corp.example');
    const misplaced = await ballast(['render', '--cluster-domain', 'corp.example', 'statefulset', 'shop/cart']);
    expect(misplaced.err).toContain('--cluster-domain: write it after statefulset');
  });

  it('prints its help', async () => {
    expect((await ballast(['--help'])).out).toContain('render');
    expect((await ballast(['render', '--help'])).out).toMatch(/Subset:[^]*Endpoint:[^]*Examples:/);
    expect((await ballast(['render', 'statefulset', '--help'])).out).toContain('--ordinals');
  });
});
