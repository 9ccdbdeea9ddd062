/** Long lists come page by page, in an order that holds while entries come and go. Pure. */
import { Type } from 'typebox';
import { failure, type Result, success } from '../../contract/result.ts';

/** How a list is asked for. */
export const PageQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: 'Entries at most; default: 100' })),
  continue: Type.Optional(
    Type.String({ maxLength: 2_048, description: '`continue` of the page before this one; absent: the first page' }),
  ),
});

/** What a page holds beside its entries. */
export const Continue = Type.Optional(
  Type.String({ description: 'Asks for the next page; absent on the last one. Its form is nobody else’s business' }),
);

const DEFAULT_LIMIT = 100;

export interface PageRequest {
  readonly limit?: number;
  readonly continue?: string;
}

/** What an entry is found by; no two entries of a list have the same. */
export type Key = readonly (string | number)[];

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly continue?: string;
}

/**
 * The page that is asked for: what was there throughout is on exactly one page, whatever came or went meanwhile.
 *
 * @param items in the order of `compare`
 */
export function pageOf<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
  compare: (a: Key, b: Key) => number,
  { limit = DEFAULT_LIMIT, continue: token }: PageRequest,
): Result<Page<Item>> {
  const after = token === undefined ? undefined : readToken(token);
  if (after === null) return failure('INVALID_REQUEST', 'continue: is not what a page before this one said');
  const from = after === undefined ? 0 : items.findIndex((item) => compare(keyOf(item), after) > 0);
  if (from < 0) return success({ items: [] });
  const page = items.slice(from, from + limit);
  const last = page.at(-1);
  if (last === undefined || from + limit >= items.length) return success({ items: page });
  return success({ items: page, continue: Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') });
}

/** Null: nobody here wrote it. */
function readToken(token: string): Key | null {
  try {
    const key: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    const isPart = (part: unknown): part is string | number => typeof part === 'string' || typeof part === 'number';
    return Array.isArray(key) && key.length > 0 && key.every(isPart) ? key : null;
  } catch {
    return null;
  }
}
