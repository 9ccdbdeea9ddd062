/** What all findings are made from, and with. */
import type { Decision } from '../../../contract/decision.ts';
import type { Finding, FindingReason } from '../../../contract/finding.ts';
import type { PolicyView } from '../../../contract/policy-status.ts';
import type { Ejection, ProxyStatus } from '../../collect/node-counters.ts';
import { listed } from '../../dashboard/format.js';
import type { ManualWeight } from '../../decide/settings.ts';
import type { Topology } from '../../model/topology.ts';

/** The state that findings rest on. */
export interface KnownState {
  /** Controller's clock, ms. */
  readonly now: number;
  readonly decision: Decision;
  readonly topology: Topology;
  readonly policies: readonly PolicyView[];
  readonly proxies: readonly ProxyStatus[];
  readonly ejections: readonly Ejection[];
  readonly manual: readonly ManualWeight[];
  /** Nodes whose agents receive weights. */
  readonly connected: ReadonlySet<string>;
}

/** A finding carries at most this many names; its text counts the others. */
const MAX_OBJECTS = 100;

/** One finding on the named objects; none if there are no names. */
export function about(
  names: readonly string[],
  severity: Finding['severity'],
  reason: FindingReason,
  write: (names: string) => { readonly text: string; readonly remedy: string },
): Finding[] {
  if (names.length === 0) return [];
  return [{ severity, reason, objects: names.slice(0, MAX_OBJECTS), ...write(listed(names)) }];
}
