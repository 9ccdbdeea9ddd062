import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeBlock, encodeSyncAnswer, setBlockWeights } from '../../contract/sync-answer.ts';
import { readSyncAnswer } from '../support/proxy-sync.ts';

const weight = fc.float({ min: 0, max: 1, noNaN: true });
const replica = fc.record({
  name: fc.stringMatching(/^[a-z0-9-]{1,40}$/),
  address: fc.stringMatching(/^[0-9a-f.:[\]]{3,40}$/),
  weight,
});
const balanced = fc.record({
  routing: fc.constantFrom('Subset' as const, 'Endpoint' as const),
  pinning: fc.boolean(),
  replicas: fc.array(replica, { maxLength: 5 }),
});
const service = fc.record({
  key: fc.stringMatching(/^[0-9]{1,5}\|[a-z0-9.-]{1,40}$/),
  version: fc.maxSafeNat(),
  balanced: fc.option(balanced, { nil: undefined }),
  remembered: fc.boolean(),
});
const header = fc.record({
  epoch: fc.maxSafeNat(),
  validForMs: fc.nat({ max: 0xffff_ffff }),
  complete: fc.boolean(),
  unknown: fc.boolean(),
  cpuUtilisation: weight,
});

test('a proxy reads in an answer what the agent put into it, in the order of hashes', () => {
  fc.assert(
    fc.property(header, fc.uniqueArray(service, { selector: ({ key }) => key, maxLength: 8 }), (head, services) => {
      const encoded = services.map((each) => ({ each, block: encodeBlock(each.key, each.version, each.balanced) }));
      const remembered = new Set(encoded.filter(({ each }) => each.remembered).map(({ block }) => block));
      const blocks = encoded.map(({ block }) => block);
      const before = blocks.map((block) => Buffer.from(block));
      const { blocks: read, ...readHead } = readSyncAnswer(encodeSyncAnswer(head, blocks, remembered));
      expect(readHead).toEqual(head);
      const expected = services.map(({ key, version, balanced: of, remembered: isRemembered }) => ({
        key,
        version,
        routing: of?.routing,
        pinning: of?.pinning ?? false,
        remembered: isRemembered,
        replicas: of?.replicas ?? [],
      }));
      const byKey = <Row extends { key: string }>(rows: readonly Row[]): Row[] =>
        rows.toSorted((a, b) => (a.key < b.key ? -1 : 1));
      expect(byKey(read)).toEqual(byKey(expected));
      expect(blocks).toEqual(before);
    }),
  );
});

test('a block whose weights were written anew is the block of the service with these weights', () => {
  fc.assert(
    fc.property(
      balanced,
      fc.array(weight, { minLength: 5, maxLength: 5 }),
      fc.maxSafeNat(),
      (before, weights, version) => {
        const replicas = before.replicas.map((each, index) => ({ ...each, weight: weights[index] ?? 0 }));
        const block = encodeBlock('80|a.b', 1, before);
        setBlockWeights(
          block,
          version,
          Float64Array.from(replicas, (each) => each.weight),
        );
        expect(block).toEqual(encodeBlock('80|a.b', version, { ...before, replicas }));
      },
    ),
  );
});

test('keys of one hash stand in the order of their bytes', () => {
  // The 32-bit FNV-1a hashes of these two are equal.
  const blocks = ['liquid', 'costarring'].map((key) => encodeBlock(key, 1, undefined));
  const answer = encodeSyncAnswer(
    { epoch: 1, validForMs: 1, complete: true, unknown: false, cpuUtilisation: 0 },
    blocks,
  );
  expect(readSyncAnswer(answer).blocks.map(({ key }) => key)).toEqual(['costarring', 'liquid']);
});
