/** Reads the fields of requests. A missing or malformed field is a 400 that names the field. */
import { type Answer, answered, refused } from './answer.ts';

/** RFC 1123: the form of names of Services and namespaces. */
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

const MAX_USERS = 999_999_999;
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

/** The field `user`: a number, whether or not such a user exists. */
export function readUser(fields: unknown): Answer<number> {
  return readWholeNumber(fields, 'user', 1, MAX_USERS);
}

/** The field `limit`: maximum number of videos in the answer, or `otherwise` if it is not given. */
export function readLimit(fields: unknown, otherwise: number): Answer<number> {
  const isGiven = typeof fields === 'object' && fields !== null && 'limit' in fields;
  return isGiven ? readWholeNumber(fields, 'limit', 1, MAX_VIDEOS) : answered(otherwise);
}

/** Whole numbers from 1, separated by commas. */
export function readIds(fields: unknown, field: string, atMost: number): Answer<number[]> {
  const text = textOf(fields, field);
  if (!text) return refused(400, `${field}: is missing`);
  const ids = text.split(',');
  if (ids.length > atMost) return refused(400, `${field}: has ${ids.length} numbers, and ${atMost} are the most`);
  if (ids.some((id) => !/^[1-9]\d{0,8}$/.test(id))) {
    return refused(400, `${field}: must be whole numbers from 1 on, separated by commas`);
  }
  return answered(ids.map(Number));
}

export function readDnsLabel(fields: unknown, field: string): Answer<string> {
  const text = textOf(fields, field);
  return text !== undefined && DNS_LABEL.test(text)
    ? answered(text)
    : refused(400, `${field}: must be a name of lower-case letters, digits and inner dashes, at most 63 characters`);
}
