/** The custom resource on a real API server: what it refuses and why, and what it fills in. */
import { ApiException } from '@kubernetes/client-node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectsOf } from '../../central-controller/cluster/cluster-objects.ts';
import { withPolicyDefaults } from '../../contract/policy.ts';
import { POLICY_RULES } from '../../contract/policy-rules.ts';
import { EXAMPLE } from '../central-controller/policy/policy-page.ts';
import { policy, PolicyServer, WHERE } from './support/policy-server.ts';

const TARGET = { kind: 'StatefulSet', name: 'search' };

let policies: PolicyServer;

beforeAll(async () => {
  policies = await PolicyServer.start();
});

afterAll(async () => {
  await policies?.[Symbol.asyncDispose]();
});

function messageOf(error: unknown): string {
  if (!(error instanceof ApiException)) throw error;
  return (JSON.parse(String(error.body)) as { message: string }).message;
}

/** Why the API server refuses it; undefined when it accepts. A dry run. */
async function refusedByServer(spec: unknown): Promise<string | undefined> {
  try {
    const body = policy('tried', spec);
    await policies.objects.createNamespacedCustomObject({ ...WHERE, body, dryRun: 'All', fieldValidation: 'Strict' });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function refusedByParser(spec: unknown): string | undefined {
  const parsed = objectsOf(new Map([['policy.yaml', JSON.stringify(policy('tried', spec))]]));
  return parsed.ok ? undefined : parsed.failure.message;
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
    // Each field is most often right by itself, so that whole policies are often taken and often refused.
    const mostly = <T>(right: fc.Arbitrary<T>, any: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
      fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: any });
    const number = fc.oneof(fc.double({ min: -2, max: 4000, noNaN: true }), fc.constantFrom(0, 1, 0.001, 1000, 3600));
    const anySpec = fc.record(
      {
        targetRef: mostly(
          fc.record({
            kind: fc.constantFrom('StatefulSet', 'Deployment', 'Service'),
            name: mostly(
              fc.constantFrom('search', 'geo-1', 'a.b'),
              fc.oneof(
                fc.stringMatching(/^[a-z0-9.-]{1,8}$/),
                fc.constantFrom('', 'A', 'a/b', 'ä', `${LONGEST}a`, 'a\n'),
              ),
            ),
          }),
          fc.constantFrom({ kind: 'Pod', name: 'search' }, { kind: 'Service' }),
        ),
        mode: mostly(fc.constantFrom('Enforce', 'Observe', 'Off'), fc.constant('off')),
        routing: mostly(fc.constantFrom('Endpoint', 'Subset'), fc.constant('endpoint')),
        shareWeight: mostly(fc.double({ min: 0.01, max: 1000, noNaN: true }), number),
        pinning: mostly(fc.constantFrom('Denied', 'Allowed'), fc.constant(1)),
        limits: fc.record(
          {
            minWeight: fc.double({ min: 0, max: 1.1, noNaN: true }),
            maxWeight: mostly(fc.double({ min: 1, max: 1000, noNaN: true }), number),
            maxStepPerSecond: mostly(fc.double({ min: 0.001, max: 1000, noNaN: true }), number),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ['targetRef'] },
    );
    let taken = 0;
    const runs = 300;
    await fc.assert(
      fc.asyncProperty(anySpec, async (spec) => {
        const [parser, api] = [refusedByParser(spec), await refusedByServer(spec)];
        expect({ refused: parser !== undefined, parser, api }).toEqual({ refused: api !== undefined, parser, api });
        if (api === undefined) taken += 1;
      }),
      { numRuns: runs },
    );
    expect(taken).toBeGreaterThan(runs / 10);
    expect(taken).toBeLessThan((runs * 9) / 10);
  });

  it('is taken as docs/reference writes it', async () => {
    await policies.kubectl(['create', 'namespace', 'hotel-reservation']);
    expect(await policies.kubectl(['apply', '--filename', '-'], EXAMPLE)).toContain('search created');
  });

  it('needs quotes for Off, as docs/reference says', async () => {
    const text = (mode: string) => EXAMPLE.replace(/mode: \w+/, `mode: ${mode}`);
    await expect(policies.kubectl(['apply', '--filename', '-'], text('Off'))).rejects.toThrow(/spec\.mode.*"boolean"/);
    expect(await policies.kubectl(['apply', '--filename', '-'], text('"Off"'))).toContain('search configured');
  });

  it('may be switched to any mode, whatever else it says', async () => {
    const { metadata } = await policies.create('switched', {
      targetRef: { kind: 'Service', name: 'search' },
      cpuControl: 'BOTH',
    });
    for (const mode of ['Off', 'Observe', 'Enforce']) {
      await policies.kubectl([
        'patch',
        'lbp',
        metadata.name,
        '--type=merge',
        '--patch',
        JSON.stringify({ spec: { mode } }),
      ]);
      expect((await policies.read('switched')).spec?.mode).toBe(mode);
    }
  });

  it('gets what it leaves out', async () => {
    const spec = { targetRef: { kind: 'StatefulSet', name: 'search' } } as const;
    expect((await policies.create('short', spec)).spec).toEqual(withPolicyDefaults(spec));
    expect((await policies.create('shorter', { ...spec, mode: 'Off' })).spec).toEqual(
      withPolicyDefaults({ ...spec, mode: 'Off' }),
    );
  });

  it('is not written again by an apply that says the same; another manager is told of the conflict', async () => {
    const body = policy('applied', { targetRef: TARGET, mode: 'Observe' });
    await policies.apply('first', body);
    const { resourceVersion } = (await policies.read('applied')).metadata;
    await policies.apply('first', body);
    expect((await policies.read('applied')).metadata.resourceVersion).toBe(resourceVersion);
    const other = policy('applied', { targetRef: TARGET, mode: 'Enforce' });
    await expect(policies.apply('second', other)).rejects.toThrow(/conflict with "first": \.spec\.mode/);
    await policies.apply('first', policy('applied', { targetRef: TARGET }));
    expect((await policies.read('applied')).spec?.mode).toBe('Enforce');
  });
});
