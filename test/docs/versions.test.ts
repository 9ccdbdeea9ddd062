/** The supported releases are named in one place, and the guide and the Go modules say the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ISTIO, KUBERNETES, oldestOf } from '../../contract/releases.ts';
import { DEFAULT_PAIR, MATRIX, istioRelease, kubernetesRelease } from '../../tools/install/versions.ts';

const ROOT = join(import.meta.dirname, '../..');

function read(...path: readonly string[]): string {
  return readFileSync(join(ROOT, ...path), 'utf8');
}

test('the guide names the pairs that the matrix runs', () => {
  const rows = read('docs/guide/install.md').match(/^\|(?: \d+\.\d+\.\d+ +\|){3}$/gm) ?? [];
  const pairs = MATRIX.map(({ kubernetes, istio }) => {
    const release = istioRelease(istio);
    return [kubernetesRelease(kubernetes).version, release.version, release.envoy];
  });
  expect(rows.map((row) => row.split('|').flatMap((cell) => cell.trim() || []))).toEqual(pairs);
});

test('the guide names every minor version that is tested, and the oldest Kubernetes', () => {
  const guide = read('docs/guide/install.md');
  const rowOf = (name: string): string => new RegExp(`^\\| ${name} .*$`, 'm').exec(guide)?.[0] ?? '';
  for (const minor of Object.keys(KUBERNETES)) expect(rowOf('Kubernetes')).toContain(minor);
  for (const minor of Object.keys(ISTIO)) expect(rowOf('Istio')).toContain(minor);
  expect(rowOf('Kubernetes')).toContain(`${oldestOf(KUBERNETES)} is the oldest`);
  expect(rowOf('Istio')).toContain(`${oldestOf(ISTIO)} is the oldest`);
  expect(read('docs/guide/quickstart.md')).toContain(`Kubernetes ${oldestOf(KUBERNETES)} or newer`);
  const installed = [...guide.matchAll(/--(?:kubernetes-version v|version )(\d+\.\d+\.\d+)/g)].map(
    ([, version]) => version,
  );
  const tested = [...Object.values(KUBERNETES), ...Object.values(ISTIO)].map(({ version }) => version);
  expect(installed.length).toBeGreaterThan(0);
  expect(tested).toEqual(expect.arrayContaining(installed));
});

test('the matrix has every Kubernetes, the newest and the oldest Istio, and the default pair', () => {
  expect(new Set(MATRIX.map(({ kubernetes }) => kubernetes))).toEqual(new Set(Object.keys(KUBERNETES)));
  const istios = Object.keys(ISTIO);
  expect(MATRIX.map(({ istio }) => istio)).toEqual(expect.arrayContaining([istios.at(0), istios.at(-1)]));
  expect(MATRIX).toContainEqual(DEFAULT_PAIR);
});

describe('the Go module of each release requires its version', () => {
  test.each(Object.entries(KUBERNETES))('Kubernetes %s', (minor, { version }) => {
    const requirements = read('tools/go/hyper', `${minor}.mod`);
    expect(requirements).toContain(`\tk8s.io/kubernetes v${version}\n`);
    const library = version.replace(/^1/, '0');
    const others = [...requirements.matchAll(/=> k8s\.io\/\S+ v(\S+)/g)].map((match) => match[1]);
    expect(new Set(others)).toEqual(new Set([library]));
  });

  test.each(Object.entries(ISTIO))('Istio %s', (minor, { module }) => {
    expect(read('tools/go/istio', `${minor}.mod`)).toContain(`\tistio.io/istio ${module}\n`);
  });
});

test('an unknown release is refused with those that there are', () => {
  expect(() => istioRelease('1.12')).toThrow('Istio 1.12 is none of 1.31, 1.30, ');
  expect(() => kubernetesRelease('')).toThrow('Kubernetes  is none of');
});
