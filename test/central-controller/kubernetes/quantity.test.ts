import { expect, test } from 'vitest';
import { podCpu } from '../../../central-controller/kubernetes/pod-cpu.ts';
import { quantity } from '../../../central-controller/kubernetes/quantity.ts';

test.each([
  ['1', 1],
  ['100m', 0.1],
  ['100e-3', 0.1],
  ['1Ki', 1024],
  ['1.5Ki', 1536],
  ['1M', 1e6],
  ['.5', 0.5],
  ['1E', 1e18],
  ['1E3', 1000],
  ['10e3', 10_000],
  ['10E+3', 10_000],
  ['+1', 1],
  ['-1', -1],
  ['1.', 1],
  ['250000u', 0.25],
  ['100000000n', 0.1],
  ['0m', 0],
  [2, 2],
])('%s is %d', (text, value) => {
  expect(quantity(text)).toBe(value);
});

test.each(['1K', '1e3m', 'lots', '', '.', 'm', '1 ', '1_000', '0x1', '1e', 'Infinity', NaN, true, null, {}])(
  '%s is no quantity',
  (text) => {
    expect(quantity(text)).toBeUndefined();
  },
);

type Cpu = { limits?: { cpu?: unknown }; requests?: { cpu?: unknown } };

function pod(...containers: Cpu[]) {
  const metadata = { name: 'cart-0' };
  return { kind: 'Pod' as const, metadata, spec: { containers: containers.map((resources) => ({ resources })) } };
}

const limit = (cpu: unknown): Cpu => ({ limits: { cpu } });

test.each([
  ['the sum of all limits', [limit('250m'), limit('.25')], 0.5, 0.5],
  ['none where one container has none', [limit('250m'), {}], undefined, 0.25],
  ['none where one limit is "0", which means none', [limit('0'), limit('100m')], undefined, 0.1],
  ['none where one limit is 0m', [limit('0m'), limit('100m')], undefined, 0.1],
  ['none where one limit cannot be read', [limit('lots'), limit('100m')], undefined, 0.1],
  ['none where one limit is negative', [limit('-1'), limit('100m')], undefined, 0.1],
])(
  'the limit of a pod is %s; containers with a limit alone request as much',
  (_, containers, limitCores, requestCores) => {
    expect(podCpu(pod(...containers))).toMatchObject({ ...(limitCores && { limitCores }), requestCores });
    expect(podCpu(pod(...containers)).limitCores).toBe(limitCores);
  },
);

test('a quantity that cannot be read is told with its field', () => {
  expect(podCpu(pod(limit('100m'), limit('1K'))).faults).toEqual([
    'spec.containers[1].resources.limits.cpu: 1K is no quantity: write cores, such as 500m or 1.5',
  ]);
});

test('a native sidecar counts, an init container that ends does not', () => {
  const { spec } = pod(limit('100m'));
  const initContainers = [{ restartPolicy: 'Always', resources: limit('50m') }, { resources: limit('3') }];
  expect(podCpu({ ...pod(), spec: { ...spec, initContainers } })).toMatchObject({ limitCores: 0.15 });
});

test('limit and request of the pod itself come before those of its containers', () => {
  const { spec } = pod(limit('100m'), {});
  const resources = { limits: { cpu: '2' }, requests: { cpu: '1' } };
  expect(podCpu({ ...pod(), spec: { ...spec, resources } })).toMatchObject({ limitCores: 2, requestCores: 1 });
});
