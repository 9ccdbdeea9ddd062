/** The custom resource on a real API server: what it refuses and why, what it fills in, what `kubectl get` shows. */
import { ApiException, CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import fc from 'fast-check';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseManifests } from '../../central-controller/cluster/parse-manifests.ts';
import { POLICY_PLURAL } from '../../central-controller/cluster/policy-crd.ts';
import {
  POLICY_API_VERSION,
  POLICY_GROUP,
  POLICY_KIND,
  POLICY_VERSION,
  type PolicySpec,
  withPolicyDefaults,
} from '../../central-controller/contract/policy.ts';
import { POLICY_RULES } from '../../central-controller/contract/policy-rules.ts';
import type { PolicyCondition, PolicyStatus } from '../../central-controller/contract/policy-status.ts';
import { EXAMPLE } from '../central-controller/cluster/policy-page.ts';
import { type ApiServer, startApiServer } from './api-server/api-server.ts';

const CRD = join(import.meta.dirname, '../../istio-configs/base/crds/loadbalancingpolicies.ballast.dev.yaml');
const WHERE = { group: POLICY_GROUP, version: POLICY_VERSION, plural: POLICY_PLURAL, namespace: 'default' };
const TARGET = { kind: 'StatefulSet', name: 'search' };

interface Policy {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
  };
  readonly spec?: PolicySpec;
  readonly status?: PolicyStatus;
}

let server: ApiServer;
let objects: CustomObjectsApi;

beforeAll(async () => {
  server = await startApiServer();
  await server.kubectl(['apply', '--filename', CRD]);
  await server.kubectl(['wait', '--for=condition=established', `crd/${POLICY_PLURAL}.${POLICY_GROUP}`]);
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfig);
  objects = config.makeApiClient(CustomObjectsApi);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

function policy(name: string, spec: unknown): Policy {
  const metadata = { name, namespace: WHERE.namespace };
  return { apiVersion: POLICY_API_VERSION, kind: POLICY_KIND, metadata, spec: spec as PolicySpec };
}

function messageOf(error: unknown): string {
  if (!(error instanceof ApiException)) throw error;
  return (JSON.parse(String(error.body)) as { message: string }).message;
}

/** What the API server says against it; undefined when it would take it. Nothing is kept. */
async function refusedByServer(spec: unknown): Promise<string | undefined> {
  try {
    const body = policy('tried', spec);
    await objects.createNamespacedCustomObject({ ...WHERE, body, dryRun: 'All', fieldValidation: 'Strict' });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function refusedByParser(spec: unknown): string | undefined {
  const parsed = parseManifests(new Map([['policy.yaml', JSON.stringify(policy('tried', spec))]]));
  return parsed.ok ? undefined : parsed.failure.message;
}

async function create(name: string, spec: PolicySpec): Promise<Policy> {
  return (await objects.createNamespacedCustomObject({ ...WHERE, body: policy(name, spec) })) as Policy;
}

async function read(name: string): Promise<Policy> {
  return (await objects.getNamespacedCustomObject({ ...WHERE, name })) as Policy;
}

/** Server-side apply with kubectl, of the policy or of its status. */
function apply(manager: string, body: object, ...flags: string[]): Promise<string> {
  const args = ['apply', '--server-side', `--field-manager=${manager}`, ...flags, '--filename', '-'];
  return server.kubectl(args, JSON.stringify(body));
}

const LONGEST = 'a'.repeat(63);

describe('a policy', () => {
  it.each<[string, unknown]>([
    ['its target alone', { targetRef: TARGET }],
    ['everything', { ...withPolicyDefaults({ targetRef: { kind: 'StatefulSet', name: 'search' } }), limits: {} }],
    ['a Deployment in Endpoint routing', { targetRef: { kind: 'Deployment', name: 'search' }, routing: 'Endpoint' }],
    ['a Deployment without routing', { targetRef: { kind: 'Deployment', name: 'search' } }],
    ['a Service in Subset routing', { targetRef: { kind: 'Service', name: LONGEST }, routing: 'Subset' }],
    ['a StatefulSet with dots in its name', { targetRef: { kind: 'StatefulSet', name: `shop.${LONGEST}.v2` } }],
    [
      'the narrowest limits',
      { targetRef: TARGET, limits: { minWeight: 1, maxWeight: 1, maxStepPerSecond: 0.001, warmUpSeconds: 0 } },
    ],
    [
      'the widest limits',
      { targetRef: TARGET, limits: { minWeight: 0, maxWeight: 1000, maxStepPerSecond: 1000, warmUpSeconds: 3600 } },
    ],
    ['CPU control while it is off', { targetRef: TARGET, mode: 'Off', cpuControl: 'BOTH', pinning: 'Allowed' }],
    ['a weight between whole numbers', { targetRef: TARGET, shareWeight: 0.25, objective: 'level' }],
  ])('with %s is taken', async (_case, spec) => {
    expect(await refusedByServer(spec)).toBeUndefined();
    expect(refusedByParser(spec)).toBeUndefined();
  });

  const [notAName, noService, noSubset] = POLICY_RULES.map(({ field, message }) => ({
    field: `spec.${field}`,
    message,
  }));

  it.each([
    ['a target with its namespace', { targetRef: { ...TARGET, name: 'shop/search' } }, notAName],
    ['capitals in the name', { targetRef: { ...TARGET, name: 'Search' } }, notAName],
    ['a name that ends in a dot', { targetRef: { ...TARGET, name: 'search.' } }, notAName],
    ['a host for a Service', { targetRef: { kind: 'Service', name: 'search.shop.svc.cluster.local' } }, noService],
    ['a name that no Service can have', { targetRef: { kind: 'Service', name: `${LONGEST}a` } }, noService],
    [
      'a Deployment in Subset routing',
      { targetRef: { kind: 'Deployment', name: 'search' }, routing: 'Subset' },
      noSubset,
    ],
  ])('with %s is refused with what to do instead', async (_case, spec, rule) => {
    const message = `${rule?.field}: Invalid value: `;
    expect(await refusedByServer(spec)).toEqual(expect.stringContaining(message));
    expect(await refusedByServer(spec)).toEqual(expect.stringContaining(rule?.message ?? 'a rule'));
    expect(refusedByParser(spec)).toEqual(expect.stringContaining(`${rule?.field}: ${rule?.message}`));
  });

  it.each<[string, unknown, string]>([
    ['no spec', undefined, 'spec'],
    ['no target', { mode: 'Off' }, 'spec.targetRef'],
    ['no kind of target', { targetRef: { name: 'search' } }, 'spec.targetRef.kind'],
    ['a target of another kind', { targetRef: { ...TARGET, kind: 'DaemonSet' } }, 'spec.targetRef.kind'],
    ['an empty name', { targetRef: { ...TARGET, name: '' } }, 'spec.targetRef.name'],
    ['an unknown mode', { targetRef: TARGET, mode: 'On' }, 'spec.mode'],
    ['an unknown routing', { targetRef: TARGET, routing: 'Random' }, 'spec.routing'],
    ['an unknown objective', { targetRef: TARGET, objective: 'cost' }, 'spec.objective'],
    ['unknown CPU control', { targetRef: TARGET, cpuControl: 'ALL' }, 'spec.cpuControl'],
    ['a truth value for pinning', { targetRef: TARGET, pinning: true }, 'spec.pinning'],
    ['no weight at all', { targetRef: TARGET, shareWeight: 0 }, 'spec.shareWeight'],
    ['too great a weight', { targetRef: TARGET, shareWeight: 1001 }, 'spec.shareWeight'],
    ['a least weight above the equal one', { targetRef: TARGET, limits: { minWeight: 1.1 } }, 'spec.limits.minWeight'],
    ['a greatest weight below it', { targetRef: TARGET, limits: { maxWeight: 0.9 } }, 'spec.limits.maxWeight'],
    ['a step that never ends', { targetRef: TARGET, limits: { maxStepPerSecond: 0 } }, 'spec.limits.maxStepPerSecond'],
    ['hours of warm-up', { targetRef: TARGET, limits: { warmUpSeconds: 3601 } }, 'spec.limits.warmUpSeconds'],
    ['a misspelt field', { targetRef: TARGET, limits: { minWeigth: 0.5 } }, 'spec.limits.minWeigth'],
    ['a misspelt section', { targetRef: TARGET, limit: {} }, 'spec.limit'],
  ])('with %s is refused, and the field named', async (_case, spec, field) => {
    const named = field.split('.').at(-1) ?? '';
    expect(await refusedByServer(spec)).toEqual(expect.stringContaining(named));
    expect(refusedByParser(spec)).toEqual(expect.stringContaining(field.slice(0, field.lastIndexOf('.'))));
  });

  it('is taken or refused by manifests and API server alike', async () => {
    const number = fc.oneof(fc.double({ min: -2, max: 4000, noNaN: true }), fc.constantFrom(0, 1, 0.001, 1000, 3600));
    const anySpec = fc.record(
      {
        targetRef: fc.record(
          {
            kind: fc.constantFrom('StatefulSet', 'Deployment', 'Service', 'Pod'),
            name: fc.oneof(
              fc.stringMatching(/^[a-z0-9.-]{1,8}$/),
              fc.constantFrom('search', 'geo-1', 'a.b', '', 'A', 'a/b', 'ä', `${LONGEST}a`, 'a\n'),
            ),
          },
          { requiredKeys: ['kind'] },
        ),
        mode: fc.constantFrom('Enforce', 'Observe', 'Off', 'off'),
        routing: fc.constantFrom('Endpoint', 'Subset', 'endpoint'),
        shareWeight: number,
        pinning: fc.constantFrom('Denied', 'Allowed', 1),
        limits: fc.record(
          { minWeight: fc.double({ min: 0, max: 1.2, noNaN: true }), maxWeight: number, maxStepPerSecond: number },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ['targetRef'] },
    );
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(anySpec, async (spec) => {
        const [parser, api] = [refusedByParser(spec), await refusedByServer(spec)];
        expect({ refused: parser !== undefined, parser, api }).toEqual({ refused: api !== undefined, parser, api });
        if (api === undefined) taken += 1;
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(0);
  });

  it('is taken as docs/reference writes it', async () => {
    await server.kubectl(['create', 'namespace', 'hotel-reservation']);
    expect(await server.kubectl(['apply', '--filename', '-'], EXAMPLE)).toContain('search created');
  });

  it('needs quotes for Off, as docs/reference says', async () => {
    const text = (mode: string) => EXAMPLE.replace(/mode: \w+/, `mode: ${mode}`);
    await expect(server.kubectl(['apply', '--filename', '-'], text('Off'))).rejects.toThrow(/spec\.mode.*"boolean"/);
    expect(await server.kubectl(['apply', '--filename', '-'], text('"Off"'))).toContain('search configured');
  });

  it('may be switched to any mode, whatever else it says', async () => {
    const { metadata } = await create('switched', {
      targetRef: { kind: 'Service', name: 'search' },
      cpuControl: 'BOTH',
    });
    for (const mode of ['Off', 'Observe', 'Enforce']) {
      await server.kubectl([
        'patch',
        'lbp',
        metadata.name,
        '--type=merge',
        '--patch',
        JSON.stringify({ spec: { mode } }),
      ]);
      expect((await read('switched')).spec?.mode).toBe(mode);
    }
  });

  it('gets what it leaves out', async () => {
    const spec = { targetRef: { kind: 'StatefulSet', name: 'search' } } as const;
    expect((await create('short', spec)).spec).toEqual(withPolicyDefaults(spec));
    expect((await create('shorter', { ...spec, mode: 'Off' })).spec).toEqual(
      withPolicyDefaults({ ...spec, mode: 'Off' }),
    );
  });

  it('is not written again by an apply that says the same; another manager is told of the conflict', async () => {
    const body = policy('applied', { targetRef: TARGET, mode: 'Observe' });
    await apply('first', body);
    const { resourceVersion } = (await read('applied')).metadata;
    await apply('first', body);
    expect((await read('applied')).metadata.resourceVersion).toBe(resourceVersion);
    const other = policy('applied', { targetRef: TARGET, mode: 'Enforce' });
    await expect(apply('second', other)).rejects.toThrow(/conflict with "first": \.spec\.mode/);
    await apply('first', policy('applied', { targetRef: TARGET }));
    expect((await read('applied')).spec?.mode).toBe('Enforce');
  });
});

function condition(type: PolicyCondition['type'], reason: PolicyCondition['reason']): PolicyCondition {
  const lastTransitionTime = '2026-05-04T10:00:00Z';
  return { type, status: 'True', reason, message: 'Nothing to do.', lastTransitionTime, observedGeneration: 1 };
}

const STATUS: PolicyStatus = {
  observedGeneration: 1,
  service: 'search',
  replicas: 4,
  readyReplicas: 3,
  balancedReplicas: 3,
  balanced: '3/3',
  routing: 'Endpoint',
  lastDecision: { time: '2026-05-04T10:00:00Z', tick: 7 },
  conditions: [condition('Accepted', 'Accepted'), condition('Routed', 'Routed'), condition('Ready', 'Balanced')],
};

function statusOf(name: string, status: unknown): Policy {
  const { spec: _, ...rest } = policy(name, undefined);
  return { ...rest, status: status as PolicyStatus };
}

describe('its status', () => {
  it('is written by itself: a new status is no new generation, and a new spec no new status', async () => {
    await create('whole', { targetRef: { kind: 'StatefulSet', name: 'search' } });
    await apply('ballast-controller', statusOf('whole', STATUS), '--subresource=status');
    const after = await read('whole');
    expect(after).toMatchObject({ status: STATUS, metadata: { generation: 1 } });
    const body = { ...after, spec: { ...after.spec, mode: 'Off' }, status: { service: 'forged' } };
    await objects.replaceNamespacedCustomObject({ ...WHERE, name: 'whole', body });
    expect(await read('whole')).toMatchObject({ status: STATUS, metadata: { generation: 2 }, spec: { mode: 'Off' } });
  });

  it('holds one condition of each type, which managers write one by one', async () => {
    await create('shared', { targetRef: { kind: 'StatefulSet', name: 'search' } });
    await apply('one', statusOf('shared', { conditions: [condition('Accepted', 'Accepted')] }), '--subresource=status');
    await apply('two', statusOf('shared', { conditions: [condition('Ready', 'Balanced')] }), '--subresource=status');
    expect((await read('shared')).status?.conditions?.map(({ type }) => type)).toEqual(['Accepted', 'Ready']);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'an unknown type',
      { conditions: [{ ...condition('Ready', 'Balanced'), type: 'Happy' }] },
      /Unsupported value: "Happy"/,
    ],
    ['a reason in words', { conditions: [{ ...condition('Ready', 'Balanced'), reason: 'It is so' }] }, /reason/],
    ['a negative count', { replicas: -1 }, /replicas/],
  ])('with %s is refused', async (_case, status, message) => {
    await apply('test', policy('refused', { targetRef: TARGET }));
    await expect(apply('test', statusOf('refused', status), '--subresource=status')).rejects.toThrow(message);
  });
});

describe('kubectl get lbp', () => {
  /** Cells by the column's heading. */
  async function row(name: string, ...flags: string[]): Promise<Record<string, string>> {
    const [heading = '', line = ''] = (await server.kubectl(['get', 'lbp', name, ...flags])).split('\n');
    const starts = [...heading.matchAll(/\S+/g)].map(({ index }) => index);
    return Object.fromEntries(
      starts.map((start, at) => [heading, line].map((text) => text.slice(start, starts[at + 1]).trim())),
    );
  }

  it('shows what one wants to know before and after the controller has seen the policy', async () => {
    await create('shown', { targetRef: { kind: 'StatefulSet', name: 'search' } });
    const known = {
      NAME: 'shown',
      TARGET: 'search',
      MODE: 'Enforce',
      ROUTING: 'Endpoint',
      AGE: expect.stringMatching(/^\d+s$/),
    };
    expect(await row('shown')).toEqual({ ...known, READY: '', BALANCED: '', REASON: '' });
    await apply('ballast-controller', statusOf('shown', STATUS), '--subresource=status');
    expect(await row('shown')).toEqual({ ...known, READY: 'True', BALANCED: '3/3', REASON: 'Balanced' });
    const seen = { READY: 'True', BALANCED: '3/3', REASON: 'Balanced', SERVICE: 'search', MESSAGE: 'Nothing to do.' };
    const wide = { KIND: 'StatefulSet', OBJECTIVE: 'delay', SHARE: '1', CPU: 'NONE', DECIDED: expect.any(String) };
    expect(await row('shown', '--output=wide')).toEqual({ ...known, ...seen, ...wide });
  });

  it('also answers to its long name and to the category', async () => {
    await create('named', { targetRef: { kind: 'StatefulSet', name: 'search' } });
    for (const kind of ['loadbalancingpolicy', 'ballast']) {
      expect(await server.kubectl(['get', kind, '--output=name'])).toContain('loadbalancingpolicy.ballast.dev/named');
    }
  });

  it('has its fields explained by kubectl explain', async () => {
    expect(await server.kubectl(['explain', 'lbp.spec.limits.minWeight'])).toContain('of the equal weight');
  });
});
