import { describe, expect, test } from 'vitest';
import { decision, node, replica, service } from './decisions.ts';
import { loadPageModule } from './page-modules.ts';

const { nodeRows, notice, serviceColours, summary } = await loadPageModule('overview');

describe('nodes', () => {
  test('are ordered as people count, with CPU by service and the neighbours apart', () => {
    const rows = nodeRows(decision());
    expect(rows.map((row) => row.name)).toEqual(['node-2', 'node-10']);
    expect(rows.map((row) => row.segments.map(({ key, kind, cores }) => [key, kind, cores]))).toEqual([
      [
        ['shop/geo', 'service', 0.2],
        ['shop/search', 'service', 0.1],
      ],
      [
        ['shop/geo', 'service', 0.1],
        ['shop/search', 'service', 0.2],
        ['#background', 'background', 0.3],
      ],
    ]);
    expect(rows[1]).toMatchObject({ utilisation: 0.6, text: '0.60 of 1.00 cores' });
  });

  test('that are silent say so instead of a figure', () => {
    expect(nodeRows(decision({ nodes: [node('a', { stale: true })] }))[0]?.text).toBe('silent');
  });

  test('without cores are not busy', () => {
    expect(nodeRows(decision({ nodes: [node('a', { cores: 0, busyCores: 0 })] }))[0]?.utilisation).toBe(0);
  });
});

test('a service keeps its colour while the order of services changes', () => {
  const first = decision();
  const turned = decision({ services: first.services.toReversed() });
  expect(serviceColours(turned)).toEqual(serviceColours(first));
});

describe('the summary', () => {
  function value(name: string, of = decision()): string | undefined {
    return summary(of).find((item) => item.name === name)?.value;
  }

  test('compares the busiest node with the mean', () => {
    expect(value('Mean node CPU')).toBe('45\u202f%');
    expect(value('Busiest to mean')).toBe('1.33');
  });

  test('leaves silent nodes out', () => {
    const nodes = [node('a', { busyCores: 0.4 }), node('b', { busyCores: 1, stale: true })];
    const services = [service('s', [replica('s-0', 'a'), replica('s-1', 'b')])];
    expect(value('Busiest to mean', decision({ nodes, services }))).toBe('1.00');
  });

  test('leaves nodes without a replica out', () => {
    const idle = node('edge', { busyCores: 0.02 });
    const nodes = [node('a', { busyCores: 0.4 }), node('b', { busyCores: 0.6 }), idle];
    const services = [service('s', [replica('s-0', 'a'), replica('s-1', 'b')])];
    expect(value('Busiest to mean', decision({ nodes, services }))).toBe('1.20');
  });

  test('counts the weights that the decision moved', () => {
    const replicas = [replica('a-0', 'a', { previous: 0.49 }), replica('a-1', 'a')];
    expect(value('Weights moving', decision({ services: [service('a', replicas)] }))).toBe('1 of 2');
  });

  test('has no ratio where nothing is busy', () => {
    expect(value('Busiest to mean', decision({ nodes: [] }))).toBe('–');
  });
});

describe('the notice', () => {
  test('is absent while all is well', () => {
    expect(notice('live', decision(), 100)).toBeUndefined();
    expect(notice('connecting', undefined, 0)).toBeUndefined();
  });

  test('says that the controller is away, and how old the figures are', () => {
    const said = notice('unreachable', decision(), 12_400);
    expect(said?.kind).toBe('trouble');
    expect(said?.text).toMatch(/cannot be reached.* 12\u202fs old/);
    expect(notice('unreachable', undefined, 12_400)?.text).not.toMatch(/old/);
  });

  test('says that nothing is decided any more', () => {
    expect(notice('silent', decision(), 180_000)?.text).toMatch(/for 3\u202fmin/);
  });

  test('says that the first reports are awaited', () => {
    expect(notice('waiting', undefined, 0)).toEqual({
      kind: 'quiet',
      text: expect.stringMatching(/waits for the first/),
    });
  });

  test('names nodes that are silent', () => {
    const nodes = [node('a'), node('b', { stale: true }), node('c', { stale: true })];
    expect(notice('live', decision({ nodes }), 0)?.text).toMatch(/from b, c:/);
  });

  test('names only some of many', () => {
    const nodes = ['a', 'b', 'c', 'd', 'e'].map((name) => node(name, { stale: true }));
    expect(notice('live', decision({ nodes }), 0)?.text).toMatch(/from a, b, c and 2 more:/);
  });

  test('says that nothing is balanced', () => {
    expect(notice('live', decision({ services: [] }), 0)).toEqual({
      kind: 'quiet',
      text: 'No service is balanced yet.',
    });
  });

  test('counts the replicas that are being learned', () => {
    const replicas = [replica('a-0', 'a', { state: 'Learning' }), replica('a-1', 'a')];
    expect(notice('live', decision({ services: [service('a', replicas)] }), 0)).toEqual({
      kind: 'quiet',
      text: expect.stringMatching(/^Learning: 1 of 2 replicas/),
    });
  });
});
