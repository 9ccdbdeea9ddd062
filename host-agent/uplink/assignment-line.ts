/** One line of the assignment stream, checked. */
import { Compile } from 'typebox/compile';
import { AssignmentUpdate } from '../../contract/assignment.ts';
import { describeFieldErrors } from '../../contract/field-errors.ts';
import { failure, type Result, success } from '../../contract/result.ts';

const Update = Compile(AssignmentUpdate);

/** Reads a line; the failure's message names the field that is wrong. */
export function parseAssignmentLine(line: string): Result<AssignmentUpdate> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return failure('MALFORMED_ASSIGNMENT', `line: ${error instanceof Error ? error.message : 'not JSON'}`);
  }
  if (Update.Check(value)) return success(value);
  return failure('MALFORMED_ASSIGNMENT', describeFieldErrors(Update.Errors(value), 'line'));
}
