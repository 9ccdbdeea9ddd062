/** The table's encoder (TypeScript) and decoder (AssemblyScript, in the shipped module) against each other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServiceAssignment } from '../../contract/assignment.ts';
import { encodeProxyTable } from '../../contract/proxy-table.ts';
import { chosen, equalReplicas, finish, HOST, poll, replica, Scene, send, service, session } from './support/scene.ts';

const podName = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?$/);
const assignment: fc.Arbitrary<ServiceAssignment> = fc.record({
  key: fc
    .tuple(fc.integer({ min: 1, max: 65535 }), fc.stringMatching(/^[a-z]{1,20}\.[a-z]{1,20}\.svc\.cluster\.local$/))
    .map(([port, host]) => `${port}|${host}`),
  routing: fc.constantFrom('Subset', 'Endpoint'),
  // Pinning lets the test ask for each replica by name.
  pinning: fc.constant(true),
  replicas: fc.uniqueArray(
    fc.record({
      name: podName,
      address: fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65535 })).map(([ip, port]) => `${ip}:${port}`),
      weight: fc.double({ min: 0, max: 1, noNaN: true }),
      cpuUtilisation: fc.double({ min: 0, max: 1e6, noNaN: true }),
    }),
    { selector: ({ name }) => name, maxLength: 30 },
  ),
});
const assignments = fc.uniqueArray(assignment, { selector: ({ key }) => key, maxLength: 8 });

function cluster(key: string): string {
  const [port, host] = key.split('|');
  return `outbound|${port}||${host}`;
}

describe('a table from the encoder', () => {
  it('is understood as it was meant, one table after the other', () => {
    fc.assert(
      fc.property(fc.array(assignments, { minLength: 1, maxLength: 4 }), (tables) => {
        const scene = new Scene();
        const vm = scene.holding([]);
        for (const services of tables) {
          scene.publish(vm, services);
          for (const { key, routing, replicas } of services) {
            for (const { name, address } of replicas) {
              const { request } = send(vm, { 'x-lb-endpt': name }, cluster(key));
              expect(request.get('x-lb-endpt')).toBe(name);
              expect(request.get('x-lb-session')).toBe(routing === 'Endpoint' ? session(address) : undefined);
            }
            const elsewhere = chosen(send(vm, { 'x-lb-endpt': 'not/listed' }, cluster(key)));
            const eligible = replicas.filter(({ weight }) => Math.fround(weight) > 0).map(({ name }) => name);
            if (eligible.length === 0) expect(elsewhere).toBeUndefined();
            else expect(eligible).toContain(elsewhere);
          }
        }
        expect(vm.logs).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps what the VM learned of a replica by itself', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))]);
    const held = Array.from({ length: 20 }, () => send(vm));
    scene.now += 1000;
    scene.publish(vm, [service(equalReplicas(3))]);
    // The new replica has nothing in flight; the others still have their ten each.
    expect(new Set(Array.from({ length: 3 }, () => chosen(send(vm))))).toContain('echo-2');
    const counts = held.map((stream) => chosen(stream));
    expect(new Set(counts)).toEqual(new Set(['echo-0', 'echo-1']));
    for (const stream of held) finish(vm, stream);
  });

  it('may move a replica to another address', () => {
    const scene = new Scene();
    const endpoint = { routing: 'Endpoint' } as const;
    const vm = scene.holding([service([replica('echo-0', 1)], endpoint)]);
    scene.publish(vm, [service([replica('echo-0', 1, { address: '10.9.9.9:80' })], endpoint)]);
    expect(send(vm).request.get('x-lb-session')).toBe(session('10.9.9.9:80'));
  });
});

describe('bytes that are no table', () => {
  const good = [
    service([replica('echo-0', 0.25), replica('echo-1', 0.75)], { routing: 'Endpoint' }),
    service([], { key: `81|${HOST}` }),
  ];

  /** What the VM would do now, as far as it shows. */
  function inForce(vm: ReturnType<Scene['vm']>): string | undefined {
    return vm.request({}, { 'xds.cluster_name': `outbound|80||${HOST}` }).request.get('x-lb-session');
  }

  it('never trap, and leave the table in force as it is', () => {
    const scene = new Scene();
    const vm = scene.holding([service([replica('echo-5', 1)], { routing: 'Endpoint' })]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        scene.now += 10_000;
        vm.tick();
        vm.answer(poll(vm), 200, bytes);
        expect(vm.logs.length).toBeGreaterThan(0);
      }),
    );
    scene.now = 11_000;
    expect(inForce(vm)).toBe(session('10.0.0.6:80'));
  });

  it('never trap when a single byte of a good table is another, or the end is missing', () => {
    const bytes = encodeProxyTable(7, 60_000, good);
    const scene = new Scene();
    const vm = scene.holding(good);
    const memory = vm.memoryBytes;
    const offer = (changed: Uint8Array): void => {
      scene.now += 10_000;
      vm.tick();
      vm.answer(poll(vm), 200, changed);
      send(vm);
    };
    for (let length = 0; length < bytes.length; length++) {
      vm.logs.length = 0;
      offer(bytes.subarray(0, length));
      expect(vm.logs).toHaveLength(1);
    }
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const changed = bytes.slice();
          for (const [at, value] of changes) changed[at] = value;
          offer(changed);
        },
      ),
      { numRuns: 3000 },
    );
    // After all of that a good table is taken, and nothing was allocated.
    scene.now += 10_000;
    vm.tick();
    scene.publish(vm, [service([replica('echo-9', 1)], { routing: 'Endpoint' })]);
    expect(inForce(vm)).toBe(session('10.0.0.10:80'));
    expect(vm.memoryBytes).toBe(memory);
  });

  it('are refused as a whole: one bad figure at the end changes nothing', () => {
    const scene = new Scene();
    const vm = scene.holding([service([replica('echo-5', 1)], { routing: 'Endpoint' })]);
    const amounts = ['weight', 'cpuUtilisation'] as const;
    for (const [name, value] of amounts.flatMap((name) => [NaN, Infinity, -1].map((value) => [name, value] as const))) {
      scene.now += 3000;
      vm.tick();
      const replicas = [replica('echo-6', 1), replica('echo-7', 1, { [name]: value })];
      vm.answer(poll(vm), 200, encodeProxyTable(9, 60_000, [service(replicas, { routing: 'Endpoint' })]));
      expect(inForce(vm)).toBe(session('10.0.0.6:80'));
    }
  });
});
