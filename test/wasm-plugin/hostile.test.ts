/** Any headers, in any order of Envoy's calls: no trap, no growth of memory, nothing left in flight. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PluginVm } from './support/host.ts';
import type { Stream } from './support/module-interface.ts';
import { equalReplicas, finish, Scene, send, service, statistics, POST_MS } from './support/scene.ts';

const text = fc.oneof(
  fc.string({ maxLength: 60, unit: 'binary' }),
  fc.stringMatching(/^[0-9;.-]{0,30}$/),
  fc.constantFrom(
    '',
    '1',
    'echo-1',
    '0;0',
    '3;1200;400',
    '0;0;;10.0.0.2',
    Buffer.from('10.0.0.2:80').toString('base64'),
  ),
);
const cluster = fc.oneof(
  fc.constantFrom(
    'outbound|80||echo.shop.svc.cluster.local',
    'outbound|80|echo-1|echo.shop.svc.cluster.local',
    'outbound|81||other.shop.svc.cluster.local',
    'outbound|80|',
    'inbound|8080||',
    'PassthroughCluster',
  ),
  text,
);

function headers(...names: string[]): fc.Arbitrary<Record<string, string>> {
  return fc.dictionary(fc.constantFrom(...names), text, { maxKeys: names.length });
}

const asked = headers('x-lb-endpt', 'x-lb-session', 'x-lb-load', ':authority');
const answered = headers(
  ':status',
  'x-lb-load',
  'x-lb-session',
  'x-lb-unreached',
  'grpc-status',
  'endpoint-load-metrics',
);
const flags = fc.constantFrom(0, 0x2, 0x20, 0x40, 0x80, 0x1000000, -1);
/** What happens next, and to which of the streams, by a number that is taken modulo their count. */
const step = fc.oneof(
  fc.tuple(fc.constant('request' as const), cluster, asked),
  fc.tuple(fc.constant('respond' as const), fc.nat(), answered, flags, fc.boolean()),
  fc.tuple(fc.constant('trail' as const), fc.nat(), headers('grpc-status')),
  fc.tuple(fc.constant('end' as const), fc.nat()),
  fc.tuple(fc.constant('pass' as const), fc.integer({ min: 0, max: 3000 })),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Takes the step; streams may be answered twice, or after they have ended. */
function take(step: Step, scene: Scene, vm: PluginVm, streams: Stream[]): void {
  const at = (n: number): Stream | undefined => streams[n % streams.length];
  if (step[0] === 'request') streams.push(vm.request(step[2], { 'xds.cluster_name': step[1] }));
  else if (step[0] === 'pass') scene.pass(step[1], vm);
  else {
    const stream = at(step[1]);
    if (!stream) return;
    if (step[0] === 'respond') vm.respond(stream, step[2], { 'response.flags': step[3] }, step[4]);
    else if (step[0] === 'trail') vm.trail(stream, step[2]);
    else vm.end(stream);
  }
}

it('any requests and responses, in any order', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 5, maxLength: 80 }),
      fc.constantFrom('Subset' as const, 'Endpoint' as const),
      fc.boolean(),
      (steps, routing, orca) => {
        const scene = new Scene();
        const vm = scene.vm({ configuration: JSON.stringify({ orca }) });
        vm.tick();
        scene.publish(vm, [service(equalReplicas(3), { routing, pinning: true })]);
        const memory = vm.memoryBytes;
        const streams: Stream[] = [];
        for (const next of steps) take(next, scene, vm, streams);
        for (const stream of streams) vm.end(stream);
        scene.pass(POST_MS + 100, vm);
        const counters = statistics(vm);
        expect(counters?.served?.inFlight ?? 0).toBe(0);
        expect(counters?.called.map(({ inFlight }) => inFlight).filter((inFlight) => inFlight !== 0) ?? []).toEqual([]);
        expect(vm.memoryBytes).toBe(memory);
      },
    ),
    { numRuns: 150 },
  );
});

it('memory stays as it is over two hundred thousand requests and new tables of five hundred replicas', () => {
  const scene = new Scene();
  const vm = scene.holding([service(equalReplicas(500), { routing: 'Endpoint' })], 1e9);
  const memory = vm.memoryBytes;
  for (let i = 0; i < 200_000; i++) {
    const stream = send(vm);
    if (i % 1000 === 0) finish(vm, stream, { ':status': '503' }, 0x20);
    else finish(vm, stream, { 'x-lb-load': '1;2000;300' });
    if (i % 2000 === 0) {
      scene.pass(100, vm);
      scene.publish(vm, [service(equalReplicas(500 - (i % 7)), { routing: 'Endpoint' })], { validForMs: 1e9 });
    }
  }
  expect(vm.memoryBytes).toBe(memory);
});
