import { describe, expect, it } from 'vitest';
import type { Finding, FindingReason } from '../../../../contract/finding.ts';
import type { PolicyView } from '../../../../contract/policy-status.ts';
import { findingsOf } from '../../../../central-controller/wording/findings/findings.ts';
import type { KnownState } from '../../../../central-controller/wording/findings/finding.ts';
import { decision, node, replica, service } from '../../dashboard/decisions.ts';
import { serviceTopology, topologyOf } from '../../fixtures.ts';

const NOW = 1_000_000;

const WELL: KnownState = {
  now: NOW,
  decision: decision(),
  topology: topologyOf(),
  policies: [],
  proxies: [],
  ejections: [],
  manual: [],
  connected: new Set(['node-2', 'node-10']),
};

function found(given: Partial<KnownState>): Finding[] {
  return findingsOf({ ...WELL, ...given });
}

function proxyOf(pod: string, tableVersion: number) {
  const [tableSince, lastSeen] = [NOW - 60_000, NOW];
  return {
    node: 'node-1',
    namespace: 'hotel',
    pod,
    vms: 1,
    tableVersion,
    tableSince,
    fallbacks: 0,
    lastSeen,
  };
}

function policy(reason: 'TargetNotFound' | 'Learning' | 'Off'): PolicyView {
  const spec = { targetRef: { kind: 'Service' as const, name: 'geo' } };
  const ready = { type: 'Ready' as const, status: 'False' as const, reason, message: 'it is so' };
  return { namespace: 'shop', name: 'geo', spec, status: { conditions: [ready] } };
}

/** A state with exactly one thing to say. */
const CASES: [FindingReason, Finding['severity'], string[], Partial<KnownState>][] = [
  [
    'AgentSilent',
    'trouble',
    ['node-2'],
    { decision: decision({ nodes: [node('node-10'), node('node-2', { stale: true })] }) },
  ],
  [
    'AgentAbsent',
    'notice',
    ['edge'],
    { decision: decision({ nodes: [...decision().nodes, node('edge', { stale: true })] }) },
  ],
  ['AgentNotListening', 'trouble', ['node-10'], { connected: new Set(['node-2']) }],
  ['NodeSaturated', 'notice', ['node-2'], { decision: decision({ nodes: [node('node-2', { busyCores: 0.99 })] }) }],
  [
    'PolicyNotReady',
    'trouble',
    ['shop/geo'],
    { policies: [policy('TargetNotFound'), policy('Learning'), policy('Off')] },
  ],
  [
    'DemandUnmet',
    'trouble',
    ['shop/geo'],
    { decision: decision({ services: [{ ...service('geo', []), demandCores: 2 }] }) },
  ],
  [
    'WeightByHand',
    'notice',
    ['shop/geo-0'],
    { manual: [{ namespace: 'shop', service: 'geo', replica: 'geo-0', weight: 0.2, expiresAt: NOW + 60_000 }] },
  ],
  ['ReplicaDegraded', 'trouble', ['shop/geo-0'], inState('Degraded')],
  ['ReplicaSilent', 'trouble', ['shop/geo-0'], inState('Stale')],
  ['ReplicaNotReady', 'notice', ['shop/geo-0'], inState('NotReady')],
  ['Learning', 'notice', ['shop/geo-0'], inState('Learning')],
  [
    'ReplicaEjected',
    'trouble',
    ['shop/geo-1'],
    {
      ejections: ['geo-1', 'geo-1', 'gone'].map((name) => ({
        service: '8080|geo.shop.svc.cluster.local',
        replica: name,
        proxies: 1,
      })),
    },
  ],
  [
    'ProxyMissing',
    'trouble',
    ['hotel/geo-1'],
    { topology: topologyOf(serviceTopology()), proxies: [proxyOf('geo-0', 1)] },
  ],
  ['ProxyWithoutTable', 'trouble', ['hotel/geo-0'], { proxies: [proxyOf('geo-0', 0), proxyOf('geo-1', 1)] }],
];

function inState(state: 'Degraded' | 'Stale' | 'NotReady' | 'Learning'): Partial<KnownState> {
  return { decision: decision({ services: [service('geo', [replica('geo-0', 'node-2', { state })])] }) };
}

describe('findings', () => {
  it('are none while all is well', () => {
    expect(found({})).toEqual([]);
  });

  it.each(CASES)('%s is a %s', (reason, severity, objects, given) => {
    expect(found(given)).toEqual([
      {
        reason,
        severity,
        objects,
        text: expect.stringMatching(/\.$/) as string,
        remedy: expect.stringMatching(/\.$/) as string,
      },
    ]);
  });

  it('name services that were paused together in one, with why and how long', () => {
    const paused = { since: NOW - 180_000, expiresAt: NOW + 60_000, reason: 'deploy' };
    const services = ['search', 'geo'].map((name) => ({ ...service(name, []), paused }));
    const other = { ...service('rate', []), paused: { since: NOW } };
    expect(found({ decision: decision({ services: [...services, other] }) }).map(({ text }) => text)).toEqual([
      'Balancing is paused (deploy): shop/search, shop/geo, since 3\u202fmin, for 60\u202fs more.',
      'Balancing is paused: shop/rate, since 0\u202fs, until it is resumed.',
    ]);
  });

  it.each(['Degraded', 'Stale', 'Learning'] as const)(
    'claim no weight of a %s replica that is held by hand',
    (state) => {
      const held = replica('geo-0', 'node-2', { state, limits: ['manual'], weight: 0.8 });
      const [finding] = found({ decision: decision({ services: [service('geo', [held])] }) });
      expect(finding?.text).toMatch(/shop\/geo-0/);
      expect(finding?.text).not.toMatch(/share|gets/);
    },
  );

  it('begin with what is to be mended', () => {
    const nodes = [node('edge', { stale: true }), node('node-2', { stale: true })];
    expect(found({ decision: decision({ nodes }) }).map(({ severity }) => severity)).toEqual(['trouble', 'notice']);
  });

  it('name some of many', () => {
    const many = Array.from({ length: 200 }, (_, index) => replica(`geo-${index}`, 'node-2', { state: 'Stale' }));
    const [silent] = found({ decision: decision({ services: [service('geo', many)] }) });
    expect(silent?.text).toMatch(/shop\/geo-0, shop\/geo-1, shop\/geo-2 and 197 more/);
    expect(silent?.objects).toHaveLength(100);
  });
});
