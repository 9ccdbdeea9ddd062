/** Findings on nodes and their agents. */
import type { NodeDecision } from '../../../contract/decision.ts';
import type { Finding } from '../../../contract/finding.ts';
import { SATURATED_UTILISATION } from '../../estimate/queueing-delay.ts';
import { about, type KnownState } from './finding.ts';

export function nodeFindings({ decision, connected }: KnownState): Finding[] {
  const carrying = new Set(decision.services.flatMap(({ replicas }) => replicas.map(({ node }) => node)));
  const names = (isSo: (node: NodeDecision) => boolean): string[] =>
    decision.nodes.filter(isSo).map(({ name }) => name);
  return [
    ...about(
      names(({ name, stale }) => stale && carrying.has(name)),
      'trouble',
      'AgentSilent',
      (nodes) => ({
        text: `The agent on ${nodes} no longer reports: replicas there return to equal weights.`,
        remedy: 'Look at the pods of the DaemonSet `ballast-agent` on those nodes, and at their logs.',
      }),
    ),
    ...about(
      names(({ name, stale }) => stale && !carrying.has(name)),
      'notice',
      'AgentAbsent',
      (nodes) => ({
        text: `No agent reports from ${nodes}, where no balanced replica runs.`,
        remedy: 'Nothing to do, unless callers run there: proxies get their weights from the agent of their own node.',
      }),
    ),
    ...about(
      names(({ name, stale }) => !stale && !connected.has(name)),
      'trouble',
      'AgentNotListening',
      (nodes) => ({
        text: `The agent on ${nodes} reports, but receives no weights: proxies there soon leave balancing to Istio.`,
        remedy: "The agent's log shows why its stream of assignments ends.",
      }),
    ),
    ...about(
      names(
        ({ name, cores, busyCores }) => carrying.has(name) && cores > 0 && busyCores >= SATURATED_UTILISATION * cores,
      ),
      'notice',
      'NodeSaturated',
      (nodes) => ({
        text: `${nodes} has no CPU left.`,
        remedy: 'Weights only divide what there is: add nodes or replicas, or remove the neighbours.',
      }),
    ),
  ];
}
