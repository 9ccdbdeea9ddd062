/** What all findings are made with. */
import type { Finding, FindingReason } from '../../../contract/finding.ts';
import { listed } from '../../dashboard/format.js';

/** Names that a finding carries at most; its text counts the others. */
const MAX_OBJECTS = 100;

/** One finding about some things; none where there are none. */
export function about(
  names: readonly string[],
  severity: Finding['severity'],
  reason: FindingReason,
  says: (names: string) => { readonly text: string; readonly remedy: string },
): Finding[] {
  if (names.length === 0) return [];
  return [{ severity, reason, objects: names.slice(0, MAX_OBJECTS), ...says(listed(names)) }];
}
