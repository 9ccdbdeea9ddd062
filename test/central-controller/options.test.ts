import { expect, test } from 'vitest';
import { parseOptions } from '../../central-controller/options.ts';

const parse = (...flags: string[]) => parseOptions(['node', 'central-controller', '--kubernetes', ...flags]).cluster;

test.each([
  [[], 'cluster.local'],
  [['--cluster-domain', 'corp.example'], 'corp.example'],
  [['--cluster-domain', 'k8s'], 'k8s'],
  [['--cluster-domain', `${'a'.repeat(63)}.x-1`], `${'a'.repeat(63)}.x-1`],
])('the flags %j make all hosts in one domain', (flags, clusterDomain) => {
  expect(parse(...flags)).toMatchObject({ clusterDomain });
  expect(parseOptions(['node', 'central-controller', '--manifests', '.', ...flags]).cluster).toMatchObject({
    clusterDomain,
  });
});

test.each([
  '',
  'Corp.example',
  'corp..example',
  '.corp',
  'corp.',
  '-corp',
  'corp-.example',
  'corp_1',
  'corp example',
  'a'.repeat(64),
  `${'a.'.repeat(126)}ab`,
])('%j is no domain', (domain) => {
  expect(() => parse('--cluster-domain', domain)).toThrow(
    expect.objectContaining({
      code: 'INVALID_FLAG',
      message: `--cluster-domain: ${domain} is not a DNS name in lower case, such as cluster.local`,
    }),
  );
});
