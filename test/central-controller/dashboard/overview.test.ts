import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../contract/finding.ts';
import { decision, node, replica, service } from './decisions.ts';
import { loadPageModule } from './page-modules.ts';

const { findingCount, headline, nodeRows, notice, serviceColours, settingsOf, summary } =
  await loadPageModule('overview');

function finding(severity: 'trouble' | 'notice', text: string): Finding {
  return { severity, reason: 'Paused', objects: [], text, remedy: '' };
}

describe('nodes', () => {
  test('are in natural order, with the CPU of each service and of the neighbours', () => {
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

  test('show that they are silent instead of their CPU', () => {
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

test('the settings of services differ only after a change by people', () => {
  const [geo, search] = decision().services;
  if (!geo || !search) throw new Error('two services');
  const moved = { ...geo, replicas: geo.replicas.map((each) => ({ ...each, weight: 0.9 })), demandCores: 9 };
  expect(settingsOf(decision({ services: [moved, search] }))).toBe(settingsOf(decision()));
  const paused = { ...geo, paused: { since: 5 } };
  const others = [
    [paused, search],
    [{ ...paused, paused: { since: 9 } }, search],
    [{ ...geo, mode: 'Off' as const }, search],
    [geo],
  ];
  expect(new Set([[geo, search], ...others].map((services) => settingsOf(decision({ services })))).size).toBe(5);
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

  test('has no ratio if no node is busy', () => {
    expect(value('Busiest to mean', decision({ nodes: [] }))).toBe('–');
  });
});

describe('the notice', () => {
  test('is absent without problems', () => {
    expect(notice('live', decision(), 100)).toBeUndefined();
    expect(notice('connecting', undefined, 0)).toBeUndefined();
  });

  test('says that the controller is unreachable, and how old the values are', () => {
    const said = notice('unreachable', decision(), 12_400);
    expect(said?.kind).toBe('trouble');
    expect(said?.text).toMatch(/cannot be reached.* 12\u202fs old/);
    expect(notice('unreachable', undefined, 12_400)?.text).not.toMatch(/old/);
  });

  test('says that the controller makes no decisions', () => {
    expect(notice('silent', decision(), 180_000)?.text).toMatch(/for 3\u202fmin/);
  });

  test('says that the controller waits for the first reports', () => {
    expect(notice('waiting', undefined, 0)).toEqual({
      kind: 'quiet',
      text: expect.stringMatching(/waits for the first/),
    });
  });

  test('says that no service is balanced', () => {
    expect(notice('live', decision({ services: [] }), 0)).toEqual({
      kind: 'quiet',
      text: 'No service is balanced yet.',
    });
  });
});

describe('the line over the figures', () => {
  const problem = finding('trouble', 'A is broken.');
  const remark = finding('notice', 'B is paused.');

  test('shows the notice about the feed, else the first finding, else that there are no problems', () => {
    const said = { kind: 'trouble', text: 'The controller is away.' } as const;
    expect(headline(said, [problem], decision())).toEqual(said);
    expect(headline(undefined, [problem, remark], decision())).toEqual({ kind: 'trouble', text: 'A is broken.' });
    expect(headline(undefined, [remark], decision())).toEqual({ kind: 'quiet', text: 'B is paused.' });
    expect(headline(undefined, [], decision()).text).toBe('No problems: 2 of 2 services are balanced.');
    expect(headline(undefined, [], undefined).text).toBe('Looking for the controller.');
  });

  test('counts the findings', () => {
    expect(findingCount([])).toBe('');
    expect(findingCount([problem])).toBe('1 problem');
    expect(findingCount([problem, problem, remark])).toBe('2 problems, 1 notice');
  });
});
