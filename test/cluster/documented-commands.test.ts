/** What the pages tell readers to type about a cluster's objects: kubectl and Helm, against real API servers. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHECKOUT, pages, splitFences } from '../docs/support/markdown.ts';
import { Shell } from '../docs/support/shell.ts';
import { commandsOn, type StagedCommand } from '../docs/support/stage.ts';
import { buildGoTool, goSources } from '../../tools/go/build.ts';
import { type ApiServer, startApiServer } from './api-server/api-server.ts';
import { applyIstioDefinitions } from './install/istio-definitions.ts';
import { applyMonitoringDefinitions } from './install/monitoring-definitions.ts';

/** A reader's own manifests: what Endpoint routing adds is a patch of a Service that is there. */
const CART_SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { selector: { app: cart }, ports: [{ name: http, port: 80 }] }
`;
const CART = `${CART_SERVICE}---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: cart, namespace: shop }
spec: { serviceName: cart, replicas: 2, template: { metadata: { labels: { app: cart } } } }
`;

/** The first policy that the page on installing shows, which readers are to write. */
function policyOfTheGuide(): string {
  const guide = pages().find(({ file }) => file === 'docs/guide/install.md');
  const blocks = guide === undefined ? [] : splitFences(guide).fences;
  const policy = blocks.find(({ lines }) => lines.includes('kind: LoadBalancingPolicy'));
  if (policy === undefined) throw new Error('docs/guide/install.md shows no policy');
  return policy.lines.join('\n');
}

async function shellFor(server: ApiServer): Promise<Shell> {
  const hyper = await buildGoTool('hyper');
  const ballast = [process.execPath, join(CHECKOUT, 'central-controller/cli/main.ts')];
  return new Shell({
    programs: { kubectl: [hyper, 'kubectl'], helm: [await buildGoTool('helm')], ballast, 'kubectl-ballast': ballast },
    environment: { KUBECONFIG: server.kubeconfig },
    files: { 'policy.yaml': policyOfTheGuide(), 'manifests/cart.yaml': CART },
  });
}

/** What installs comes first and what takes something away last, as in a cluster's life; pages stand by their names. */
function inOrderOfLife(commands: readonly StagedCommand[]): StagedCommand[] {
  const stage = ({ text }: StagedCommand): number => {
    if (/\binstall\b/.test(text)) return 0;
    return /\b(?:delete|uninstall)\b/.test(text) ? 2 : 1;
  };
  return commands.toSorted((a, b) => stage(a) - stage(b));
}

describe('kubectl', () => {
  let server: ApiServer;
  let shell: Shell;

  beforeAll(async () => {
    // Namespaces that are deleted have to be emptied by somebody.
    server = await startApiServer({ controllerManager: true });
    await applyIstioDefinitions(server);
    await applyMonitoringDefinitions(server);
    await server.kubectl(['apply', '--server-side', '-k', join(CHECKOUT, 'istio-configs/base')]);
    await server.kubectl(['wait', '--for=condition=Established', 'crd/loadbalancingpolicies.ballast.dev']);
    for (const name of NAMESPACES) await server.kubectl(['create', 'namespace', name]);
    await server.kubectl(['apply', '-k', join(CHECKOUT, 'istio-configs/monitoring')]);
    await server.kubectl(['apply', '-f', '-'], `${OBJECTS}---${CART_SERVICE}`);
    shell = await shellFor(server);
  });
  afterAll(async () => {
    shell[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  const commands = inOrderOfLife(commandsOn('cluster'));
  test.each(commands.map((command) => [command.name, command] as const))('%s', async (_name, { text }) => {
    await expect(shell.run(text)).resolves.toBeTypeOf('string');
  });
});

/** Of the applications on the pages, and of other tools beside Ballast. */
const NAMESPACES = ['istio-system', 'shop', 'monitoring', 'argocd', 'hotel-reservation', 'pdf-converter'];

/** What stands in them. */
const OBJECTS = `
apiVersion: ballast.dev/v1alpha1
kind: LoadBalancingPolicy
metadata: { name: search, namespace: default }
spec: { targetRef: { kind: StatefulSet, name: search } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: search, namespace: default }
spec: { hosts: [search], http: [{ route: [{ destination: { host: search } }] }] }
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: { name: ballast-controller, namespace: ballast-system }
`;

describe('Helm', () => {
  let server: ApiServer;
  let shell: Shell;

  beforeAll(async () => {
    server = await startApiServer();
    await applyIstioDefinitions(server);
    for (const name of ['istio-system', 'shop']) await server.kubectl(['create', 'namespace', name]);
    shell = await shellFor(server);
    await shell.run(`helm install istiod ${await istioChart()} --namespace istio-system`);
  });
  afterAll(async () => {
    shell[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  /** The chart that readers have under the name `istio/istiod`. */
  async function istioChart(): Promise<string> {
    const sources = await goSources('istio', 'istio.io/istio/pkg/kube');
    return join(sources, 'manifests/charts/istio-control/istio-discovery');
  }

  const commands = inOrderOfLife(commandsOn('helm'));
  test.each(commands.map((command) => [command.name, command] as const))('%s', async (_name, { text }) => {
    await expect(shell.run(text.replace(' istio/istiod ', ` ${await istioChart()} `))).resolves.toContain('');
  });

  test('istiod has got the flag that Endpoint routing needs', async () => {
    const istiod = await server.kubectl(['get', 'deployment/istiod', '-n', 'istio-system', '-o', 'yaml']);
    expect(istiod).toMatch(/name: PILOT_ENABLE_PERSISTENT_SESSION_FILTER\n\s+value: "true"/);
  });
});
