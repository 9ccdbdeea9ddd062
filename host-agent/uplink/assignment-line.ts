/** One line of an assignment stream, checked. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { AssignmentUpdate } from '../../contract/assignment.ts';
import { AssignmentLine } from '../../contract/assignment-stream.ts';
import { boundedErrors } from '../../contract/bounded-errors.ts';
import { describeFieldErrors } from '../../contract/field-errors.ts';
import { failure, type Result, success } from '../../contract/result.ts';

const Update = Compile(AssignmentUpdate);
const Line = Compile(AssignmentLine);

/** The fields of a line that are lists, with what each entry has to be. */
const LISTS = (['services', 'weights', 'unbalanced', 'cpu', 'utilisation', 'detail'] as const).map((field) => {
  const entry: TSchema = AssignmentLine.properties[field].items;
  return { field, entry: Compile(entry) };
});

export interface CheckedLine {
  readonly line: AssignmentLine;
  /** Entries that were left out, each with the field that is wrong. */
  readonly faults: readonly string[];
}

function parse(text: string): Result<unknown> {
  try {
    return success(JSON.parse(text));
  } catch (error) {
    return failure('MALFORMED_ASSIGNMENT', `line: ${error instanceof Error ? error.message : 'not JSON'}`);
  }
}

/** Reads a line of the version before; the failure's message names the field that is wrong. */
export function parseUpdate(text: string): Result<AssignmentUpdate> {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  if (Update.Check(parsed.value)) return success(parsed.value);
  return failure('MALFORMED_ASSIGNMENT', describeFieldErrors(boundedErrors(AssignmentUpdate, parsed.value), 'line'));
}

/**
 * Reads a line. An entry that is wrong is left out, and a service that is wrong becomes one that nobody balances; the line
 * is refused only where what is left is none.
 */
export function parseLine(text: string): Result<CheckedLine> {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  if (Line.Check(parsed.value)) return success({ line: parsed.value, faults: [] });
  const { value, faults } = withoutFaults(parsed.value);
  if (Line.Check(value)) return success({ line: value, faults });
  return failure('MALFORMED_ASSIGNMENT', describeFieldErrors(boundedErrors(AssignmentLine, value), 'line'));
}

function withoutFaults(value: unknown): { value: unknown; faults: string[] } {
  const faults: string[] = [];
  if (typeof value !== 'object' || value === null) return { value, faults };
  const line: Record<string, unknown> = { ...value };
  const lost: string[] = [];
  for (const { field, entry } of LISTS) {
    const list = line[field];
    if (!Array.isArray(list)) continue;
    line[field] = list.filter((each: unknown, index) => {
      if (entry.Check(each)) return true;
      faults.push(`${field}[${index}].${describeFieldErrors(entry.Errors(each), 'entry')}`);
      if (field === 'services') lost.push(...keyOf(each));
      return false;
    });
  }
  if (lost.length > 0) line['unbalanced'] = [...(Array.isArray(line['unbalanced']) ? line['unbalanced'] : []), ...lost];
  return { value: line, faults };
}

function keyOf(service: unknown): string[] {
  const key = typeof service === 'object' && service !== null && 'key' in service ? service.key : undefined;
  return typeof key === 'string' && key.length >= 3 && key.length <= 512 ? [key] : [];
}
