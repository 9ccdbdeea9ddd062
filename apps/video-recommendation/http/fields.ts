/** Reads the fields of requests. A missing or malformed field is a 400 that names the field. */
import { type Answer, answered, refused } from './answer.ts';

/** RFC 1123: the form of names of Services and namespaces. */
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** No character of it has a meaning in a path, in a query or in a list with commas, except `+`, which is sent encoded. */
const USER_ID = /^[A-Za-z0-9_@][-A-Za-z0-9._~@:+]{0,127}$/;
const USER_FORM = 'must be 1 to 128 letters, digits or -._~@:+, the first one a letter, a digit, _ or @';

/** Maximum number of videos in one answer. */
export const MAX_VIDEOS = 100;

/** A field of a query or path as text; undefined if it is missing or given twice. */
export function textOf(fields: unknown, field: string): string | undefined {
  const value: unknown = typeof fields === 'object' && fields !== null ? Reflect.get(fields, field) : undefined;
  return typeof value === 'string' ? value : undefined;
}

function readWholeNumber(fields: unknown, field: string, from: number, to: number): Answer<number> {
  const text = textOf(fields, field);
  if (text === undefined) return refused(400, `${field}: is missing`);
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  return value >= from && value <= to
    ? answered(value)
    : refused(400, `${field}: must be a whole number from ${from} to ${to}`);
}

/** The field `user`: the id of a user, whether or not such a user exists. */
export function readUser(fields: unknown): Answer<string> {
  const text = textOf(fields, 'user');
  return text !== undefined && USER_ID.test(text) ? answered(text) : refused(400, `user: ${USER_FORM}`);
}

/** The field `limit`: maximum number of videos in the answer, or `otherwise` if it is not given. */
export function readLimit(fields: unknown, otherwise: number): Answer<number> {
  const isGiven = typeof fields === 'object' && fields !== null && 'limit' in fields;
  return isGiven ? readWholeNumber(fields, 'limit', 1, MAX_VIDEOS) : answered(otherwise);
}

function readList(fields: unknown, field: string, atMost: number): Answer<string[]> {
  const text = textOf(fields, field);
  if (!text) return refused(400, `${field}: is missing`);
  const ids = text.split(',');
  return ids.length <= atMost
    ? answered(ids)
    : refused(400, `${field}: has ${ids.length} ids, and ${atMost} are the most`);
}

/** The field `ids`: numbers of videos, separated by commas. */
export function readVideoIds(fields: unknown, atMost: number): Answer<number[]> {
  const ids = readList(fields, 'ids', atMost);
  if (!ids.ok) return ids;
  return ids.value.every((id) => /^[1-9]\d{0,8}$/.test(id))
    ? answered(ids.value.map(Number))
    : refused(400, 'ids: must be whole numbers from 1 on, separated by commas');
}

/** The field `ids`: ids of users, separated by commas. */
export function readUserIds(fields: unknown, atMost: number): Answer<string[]> {
  const ids = readList(fields, 'ids', atMost);
  if (!ids.ok) return ids;
  return ids.value.every((id) => USER_ID.test(id)) ? ids : refused(400, `ids: each one ${USER_FORM}`);
}

export function readDnsLabel(fields: unknown, field: string): Answer<string> {
  const text = textOf(fields, field);
  return text !== undefined && DNS_LABEL.test(text)
    ? answered(text)
    : refused(400, `${field}: must be a name of lower-case letters, digits and inner dashes, at most 63 characters`);
}
