/** Pages of long lists, in an order that is stable while entries come and go. Pure. */
import { Type } from 'typebox';
import { failure, type Result, success } from '../../contract/result.ts';

/** Query of a list. */
export const PageQuery = Type.Object({
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000, description: 'Maximum number of entries; default: 100' }),
  ),
  continue: Type.Optional(
    Type.String({ maxLength: 2_048, description: '`continue` of the previous page; absent: the first page' }),
  ),
});

/** Fields of a page beside its entries. */
export const Continue = Type.Optional(
  Type.String({ description: 'Token for the next page; absent on the last one. Clients must not parse it' }),
);

const DEFAULT_LIMIT = 100;

export interface PageRequest {
  readonly limit?: number;
  readonly continue?: string;
}

/** Key of an entry, unique within its list. */
export type Key = readonly (string | number)[];

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly continue?: string;
}

/**
 * The requested page. An entry that exists throughout is on exactly one page, even if others come and go meanwhile.
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
  if (after === null) return failure('INVALID_REQUEST', 'continue: is not a token of a previous page');
  const from = after === undefined ? 0 : items.findIndex((item) => compare(keyOf(item), after) > 0);
  if (from < 0) return success({ items: [] });
  const page = items.slice(from, from + limit);
  const last = page.at(-1);
  if (last === undefined || from + limit >= items.length) return success({ items: page });
  return success({ items: page, continue: Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') });
}

/** Null: the token is not one of ours. */
function readToken(token: string): Key | null {
  try {
    const key: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    const isPart = (part: unknown): part is string | number => typeof part === 'string' || typeof part === 'number';
    return Array.isArray(key) && key.length > 0 && key.every(isPart) ? key : null;
  } catch {
    return null;
  }
}
