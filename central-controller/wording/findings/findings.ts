/** What people should know of the state, in words. */
import type { Finding } from '../../../contract/finding.ts';
import type { KnownState } from './finding.ts';
import { nodeFindings } from './node-findings.ts';
import { replicaFindings } from './replica-findings.ts';
import { serviceFindings } from './service-findings.ts';

/** Troubles first. */
export function findingsOf(state: KnownState): Finding[] {
  const found = [...nodeFindings(state), ...replicaFindings(state), ...serviceFindings(state)];
  return [
    ...found.filter(({ severity }) => severity === 'trouble'),
    ...found.filter(({ severity }) => severity === 'notice'),
  ];
}
