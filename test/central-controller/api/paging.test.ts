import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Key, pageOf, type PageRequest } from '../../../central-controller/api/paging.ts';

const ascending = ([a = 0]: Key, [b = 0]: Key): number => (a < b ? -1 : Number(a > b));
const anySet = fc.uniqueArray(fc.string(), { maxLength: 30 }).map((names) => names.toSorted());

function page(items: readonly string[], request: PageRequest) {
  const result = pageOf(items, (item) => [item], ascending, request);
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

it('has every entry on exactly one page, in order', () => {
  fc.assert(
    fc.property(anySet, fc.integer({ min: 1, max: 10 }), (items, limit) => {
      const seen: string[] = [];
      let next: string | undefined;
      let pages = 0;
      do {
        const { items: some, continue: token } = page(items, { limit, ...(next !== undefined && { continue: next }) });
        seen.push(...some);
        next = token;
        pages += 1;
      } while (next !== undefined);
      expect(seen).toEqual(items);
      expect(pages).toBe(Math.max(1, Math.ceil(items.length / limit)));
    }),
  );
});

it('loses and repeats nothing of what stays while others come and go', () => {
  fc.assert(
    fc.property(fc.array(anySet, { minLength: 1, maxLength: 6 }), anySet, (others, staying) => {
      const seen: string[] = [];
      let next: string | undefined;
      let turn = 0;
      do {
        const now = [...new Set([...staying, ...(others[turn++ % others.length] ?? [])])].toSorted();
        const { items, continue: token } = page(now, { limit: 2, ...(next !== undefined && { continue: next }) });
        seen.push(...items);
        next = token;
      } while (next !== undefined);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((item) => staying.includes(item))).toEqual(staying);
    }),
  );
});

it('refuses what is no continuation, and takes any that is', () => {
  fc.assert(
    fc.property(fc.string(), (token) => {
      const result = pageOf(['a'], (item) => [item], ascending, { continue: token });
      if (!result.ok) expect(result.failure).toMatchObject({ code: 'INVALID_REQUEST' });
    }),
  );
  for (const token of ['', 'W10', 'bnVsbA', '!', Buffer.from('[{}]').toString('base64url')]) {
    expect(pageOf(['a'], (item) => [item], ascending, { continue: token })).toMatchObject({ ok: false });
  }
});
