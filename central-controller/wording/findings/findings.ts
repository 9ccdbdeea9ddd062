/** What people should know of the state of things. Pure. */
import type { Finding } from '../../../contract/finding.ts';
import type { KnownState } from './known-state.ts';
import { nodeFindings } from './node-findings.ts';
import { replicaFindings } from './replica-findings.ts';
import { serviceFindings } from './service-findings.ts';

/** What is to be mended first. */
export function findingsOf(state: KnownState): Finding[] {
  const found = [...nodeFindings(state), ...replicaFindings(state), ...serviceFindings(state)];
  return [
    ...found.filter(({ severity }) => severity === 'trouble'),
    ...found.filter(({ severity }) => severity === 'notice'),
  ];
}
