/** A policy's status on a real API server: who writes it, what it refuses, and what `kubectl get` shows of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PolicyCondition, PolicyStatus } from '../../contract/policy-status.ts';
import { policy, type PolicyObject, PolicyServer, WHERE } from './support/policy-server.ts';

const TARGET = { kind: 'StatefulSet', name: 'search' };

let policies: PolicyServer;

beforeAll(async () => {
  policies = await PolicyServer.start();
});

afterAll(async () => {
  await policies?.[Symbol.asyncDispose]();
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

function statusOf(name: string, status: unknown): PolicyObject {
  const { spec: _, ...rest } = policy(name, undefined);
  return { ...rest, status: status as PolicyStatus };
}

describe('its status', () => {
  it('is written by itself: a new status is no new generation, and a new spec no new status', async () => {
    await policies.create('whole', { targetRef: { kind: 'StatefulSet', name: 'search' } });
    await policies.apply('ballast-controller', statusOf('whole', STATUS), '--subresource=status');
    const after = await policies.read('whole');
    expect(after).toMatchObject({ status: STATUS, metadata: { generation: 1 } });
    const body = { ...after, spec: { ...after.spec, mode: 'Off' }, status: { service: 'forged' } };
    await policies.objects.replaceNamespacedCustomObject({ ...WHERE, name: 'whole', body });
    expect(await policies.read('whole')).toMatchObject({
      status: STATUS,
      metadata: { generation: 2 },
      spec: { mode: 'Off' },
    });
  });

  it('holds one condition of each type, which managers write one by one', async () => {
    await policies.create('shared', { targetRef: { kind: 'StatefulSet', name: 'search' } });
    await policies.apply(
      'one',
      statusOf('shared', { conditions: [condition('Accepted', 'Accepted')] }),
      '--subresource=status',
    );
    await policies.apply(
      'two',
      statusOf('shared', { conditions: [condition('Ready', 'Balanced')] }),
      '--subresource=status',
    );
    expect((await policies.read('shared')).status?.conditions?.map(({ type }) => type)).toEqual(['Accepted', 'Ready']);
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
    await policies.apply('test', policy('refused', { targetRef: TARGET }));
    await expect(policies.apply('test', statusOf('refused', status), '--subresource=status')).rejects.toThrow(message);
  });
});

describe('kubectl get lbp', () => {
  /** Cells by the column's heading. */
  async function row(name: string, ...flags: string[]): Promise<Record<string, string>> {
    const [heading = '', line = ''] = (await policies.kubectl(['get', 'lbp', name, ...flags])).split('\n');
    const starts = [...heading.matchAll(/\S+/g)].map(({ index }) => index);
    return Object.fromEntries(
      starts.map((start, at) => [heading, line].map((text) => text.slice(start, starts[at + 1]).trim())),
    );
  }

  it('shows what one wants to know before and after the controller has seen the policy', async () => {
    await policies.create('shown', { targetRef: { kind: 'StatefulSet', name: 'search' } });
    const known = {
      NAME: 'shown',
      TARGET: 'search',
      MODE: 'Enforce',
      ROUTING: 'Endpoint',
      AGE: expect.stringMatching(/^\d+s$/),
    };
    expect(await row('shown')).toEqual({ ...known, READY: '', BALANCED: '', REASON: '' });
    await policies.apply('ballast-controller', statusOf('shown', STATUS), '--subresource=status');
    expect(await row('shown')).toEqual({ ...known, READY: 'True', BALANCED: '3/3', REASON: 'Balanced' });
    const seen = { READY: 'True', BALANCED: '3/3', REASON: 'Balanced', SERVICE: 'search', MESSAGE: 'Nothing to do.' };
    const wide = { KIND: 'StatefulSet', OBJECTIVE: 'delay', SHARE: '1', CPU: 'NONE', DECIDED: expect.any(String) };
    expect(await row('shown', '--output=wide')).toEqual({ ...known, ...seen, ...wide });
  });

  it('also answers to its long name and to the category', async () => {
    await policies.create('named', { targetRef: { kind: 'StatefulSet', name: 'search' } });
    for (const kind of ['loadbalancingpolicy', 'ballast']) {
      expect(await policies.kubectl(['get', kind, '--output=name'])).toContain('loadbalancingpolicy.ballast.dev/named');
    }
  });

  it('has its fields explained by kubectl explain', async () => {
    expect(await policies.kubectl(['explain', 'lbp.spec.limits.minWeight'])).toContain('of the equal weight');
  });
});
