/** The answer's encoder (TypeScript) and decoder (AssemblyScript, in the shipped module) against each other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServiceAssignment } from '../../contract/assignment.ts';
import { encodeBlock } from '../../contract/sync-answer.ts';
import {
  answerOf,
  chosen,
  EPOCH,
  equalReplicas,
  finish,
  HOST,
  messageOf,
  poll,
  replica,
  Scene,
  send,
  service,
  session,
} from './support/scene.ts';

const podName = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?$/);
const key = fc
  .tuple(fc.integer({ min: 1, max: 65535 }), fc.stringMatching(/^[a-z]{1,20}\.[a-z]{1,20}\.svc\.cluster\.local$/))
  .map(([port, host]) => `${port}|${host}`);
const content = fc.record({
  routing: fc.constantFrom('Subset' as const, 'Endpoint' as const),
  // Pinning lets the test ask for each replica by name.
  pinning: fc.constant(true),
  replicas: fc.uniqueArray(
    fc.record({
      name: podName,
      address: fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65535 })).map(([ip, port]) => `${ip}:${port}`),
      weight: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { selector: ({ name }) => name, maxLength: 30 },
  ),
});

function cluster(name: string): string {
  const [port, host] = name.split('|');
  return `outbound|${port}||${host}`;
}

/** Checks that the VM balances the service by its newest block, and not at all without one. */
function expectHeld(vm: ReturnType<Scene['vm']>, name: string, held: Omit<ServiceAssignment, 'key'> | undefined): void {
  for (const { name: pod, address } of held?.replicas ?? []) {
    const { request } = send(vm, { 'x-lb-endpt': pod }, cluster(name));
    expect(request.get('x-lb-endpt')).toBe(pod);
    expect(request.get('x-lb-session')).toBe(held?.routing === 'Endpoint' ? session(address) : undefined);
  }
  const elsewhere = chosen(send(vm, { 'x-lb-endpt': 'not/listed' }, cluster(name)));
  const eligible = (held?.replicas ?? []).filter(({ weight }) => Math.fround(weight) > 0).map(({ name: pod }) => pod);
  if (eligible.length === 0) expect(elsewhere).toBeUndefined();
  else expect(eligible).toContain(elsewhere);
}

describe('a sound answer', () => {
  it('merges into the table as a model says, in any order of changes', () => {
    const change = fc.record({
      complete: fc.boolean(),
      blocks: fc.array(fc.tuple(fc.nat(7), fc.option(content, { nil: undefined })), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { minLength: 8, maxLength: 8 }),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        (keys, changes) => {
          const scene = new Scene();
          const vms = [scene.vm(), scene.vm()] as const;
          scene.pass(100, ...vms);
          const [vm] = vms;
          for (const each of keys) send(vm, {}, cluster(each));
          scene.pass(300, ...vms);
          const model = new Map<string, { version: number; held: Omit<ServiceAssignment, 'key'> | undefined }>();
          let version = 0;
          let epoch = 1;
          for (const { complete, blocks } of changes) {
            if (complete) {
              epoch++;
              model.clear();
            }
            const last = new Map(blocks.map(([index, held]) => [keys[index] ?? '', held]));
            for (const [name, held] of last) model.set(name, { version: ++version, held });
            const answer = answerOf(
              [...last].map(([name, held]) => encodeBlock(name, model.get(name)?.version ?? 0, held)),
              { complete, epoch },
            );
            scene.now += 1000;
            vm.answer(poll(vm), 200, answer);
            scene.pass(100, ...vms);
            for (const name of keys) for (const each of vms) expectHeld(each, name, model.get(name)?.held);
            scene.pass(300, ...vms);
            const said = messageOf(poll(vm));
            expect(new Map(said.services.map((each) => [each.key, each.version]))).toEqual(
              new Map(keys.map((name) => [name, model.get(name)?.version ?? 0])),
            );
          }
          expect(vm.logs).toEqual([]);
        },
      ),
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

  it('of another epoch replaces everything, even when it does not say so', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2)), service(equalReplicas(2), { key: `81|${HOST}` })]);
    const block = encodeBlock(`81|${HOST}`, 1, service([replica('echo-7', 1)]));
    scene.now += 1000;
    vm.answer(poll(vm), 200, answerOf([block], { epoch: EPOCH + 1 }));
    expect(chosen(send(vm))).toBeUndefined();
    expect(chosen(send(vm, {}, `outbound|81||${HOST}`))).toBe('echo-7');
  });
});

describe('bytes that are no answer', () => {
  const good = [
    service([replica('echo-0', 0.25), replica('echo-1', 0.75)], { routing: 'Endpoint' }),
    service([], { key: `81|${HOST}` }),
  ];
  const bytes = answerOf(good.map((each) => encodeBlock(each.key, 7, each)));

  /** What the VM would do now, as far as it shows. */
  function inForce(vm: ReturnType<Scene['vm']>): string | undefined {
    return vm.request({}, { 'xds.cluster_name': `outbound|80||${HOST}` }).request.get('x-lb-session');
  }

  /** Answers the held message; after an answer that was refused, the VM needs a moment to ask again. */
  function offer(scene: Scene, vm: ReturnType<Scene['vm']>, answer: Uint8Array): void {
    for (let i = 0; i < 30 && vm.calls.length === 0; i++) scene.pass(100, vm);
    vm.answer(poll(vm), 200, answer);
    vm.calls.splice(0, vm.calls.length - 1);
  }

  it('never trap, and leave the table in force as it is', () => {
    const scene = new Scene();
    const vm = scene.holding([service([replica('echo-5', 1)], { routing: 'Endpoint' })], 1e9);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (random) => {
        vm.logs.length = 0;
        offer(scene, vm, random);
        expect(vm.logs).toHaveLength(1);
        expect(inForce(vm)).toBe(session('10.0.0.6:80'));
      }),
    );
  });

  it('never trap when a few bytes of a good answer differ, or its end is missing', () => {
    const scene = new Scene();
    const vm = scene.holding(good, 1e9);
    const memory = vm.memoryBytes;
    for (let length = 0; length < bytes.length; length++) {
      vm.logs.length = 0;
      offer(scene, vm, bytes.subarray(0, length));
      expect(vm.logs).toHaveLength(1);
    }
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const changed = bytes.slice();
          for (const [at, value] of changes) changed[at] = value;
          offer(scene, vm, changed);
          send(vm);
        },
      ),
      { numRuns: 3000 },
    );
    // After all of that a good answer is taken, and nothing was allocated.
    scene.pass(10_000, vm);
    vm.calls.splice(0, vm.calls.length - 1);
    scene.publish(vm, [service([replica('echo-9', 1)], { routing: 'Endpoint' })], { complete: true });
    expect(inForce(vm)).toBe(session('10.0.0.10:80'));
    expect(vm.memoryBytes).toBe(memory);
  });

  it('are refused as a whole: one wrong weight in the last block changes nothing', () => {
    const scene = new Scene();
    const vm = scene.holding([service([replica('echo-5', 1)], { routing: 'Endpoint' })], 1e9);
    for (const weight of [NaN, Infinity, -1]) {
      const replicas = [replica('echo-6', 1), replica('echo-7', weight)];
      offer(scene, vm, answerOf([encodeBlock(`80|${HOST}`, 9, service(replicas, { routing: 'Endpoint' }))]));
      expect(inForce(vm)).toBe(session('10.0.0.6:80'));
    }
  });

  it('are refused when two blocks are of one service, or a block of no routing has replicas', () => {
    const scene = new Scene();
    const vm = scene.holding([service([replica('echo-5', 1)], { routing: 'Endpoint' })], 1e9);
    const block = encodeBlock(`80|${HOST}`, 9, service(equalReplicas(2)));
    const unrouted = Buffer.from(block);
    unrouted.writeUInt8(0, 22);
    for (const blocks of [[block, block], [unrouted]]) {
      vm.logs.length = 0;
      offer(scene, vm, answerOf(blocks));
      expect(vm.logs).toHaveLength(1);
      expect(inForce(vm)).toBe(session('10.0.0.6:80'));
    }
  });
});
