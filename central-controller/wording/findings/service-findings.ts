/** Findings on services, their policies and overrides. */
import { qualifiedName } from '../../../contract/names.ts';
import type { ServiceDecision } from '../../../contract/decision.ts';
import type { Finding } from '../../../contract/finding.ts';
import { POLICY_CONDITIONS, type PolicyView } from '../../../contract/policy-status.ts';
import { age, cores, percent } from '../../dashboard/format.js';
import { about, type KnownState } from './finding.ts';

/** Cores; a smaller lack is within the error of the estimates. */
const MIN_LACK = 0.01;

/** Reasons of `Ready` that another finding covers, or that are on purpose. */
const COVERED_ELSEWHERE: ReadonlySet<string> = new Set(['Off', 'AgentsSilent', 'Learning']);

const REMEDIES: Readonly<Record<string, string>> = Object.assign(
  {},
  ...Object.values(POLICY_CONDITIONS).map(({ reasons }) => reasons),
);

export function serviceFindings({ decision, policies, manual, now }: KnownState): Finding[] {
  return [
    ...policies.flatMap(policyFinding),
    ...decision.services.flatMap(lackFinding),
    ...pauseFindings(decision.services, now),
    ...manual.flatMap(({ namespace, service, replica, weight, expiresAt }) =>
      about([qualifiedName({ namespace, name: replica })], 'notice', 'WeightByHand', () => ({
        text: `${replica} of ${qualifiedName({ namespace, name: service })} has ${percent(weight)} by hand, for ${age(expiresAt - now)} more.`,
        remedy: 'It ends by itself, or with `ballast weights clear`.',
      })),
    ),
  ];
}

function policyFinding({ namespace, name, status }: PolicyView): Finding[] {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'False' || COVERED_ELSEWHERE.has(ready.reason)) return [];
  const policy = qualifiedName({ namespace, name });
  const remedy = REMEDIES[ready.reason] ?? 'See the conditions of the policy.';
  return about([policy], 'trouble', 'PolicyNotReady', () => ({ text: `Policy ${policy}: ${ready.message}.`, remedy }));
}

function lackFinding({ namespace, name, demandCores, servedCores }: ServiceDecision): Finding[] {
  const lack = demandCores - servedCores;
  if (lack <= MIN_LACK) return [];
  return about([qualifiedName({ namespace, name })], 'trouble', 'DemandUnmet', (service) => ({
    text: `Requests to ${service} need ${cores(lack)} cores more than its nodes can carry.`,
    remedy: 'Add nodes, or replicas on nodes with free CPU.',
  }));
}

/** One finding for all services that were paused together. */
function pauseFindings(services: readonly ServiceDecision[], now: number): Finding[] {
  const paused = Map.groupBy(
    services.filter((service) => service.paused),
    ({ paused: pause }) => `${pause?.since} ${pause?.expiresAt} ${pause?.reason}`,
  );
  return [...paused.values()].flatMap((together) => {
    const pause = together[0]?.paused;
    if (!pause) return [];
    const names = together.map(qualifiedName);
    const why = pause.reason === undefined ? '' : ` (${pause.reason})`;
    const until = pause.expiresAt === undefined ? 'until it is resumed' : `for ${age(pause.expiresAt - now)} more`;
    return about(names, 'notice', 'Paused', (listedNames) => ({
      text: `Balancing is paused${why}: ${listedNames}, since ${age(now - pause.since)}, ${until}.`,
      remedy: 'Weights stay as they were. `ballast resume` continues balancing.',
    }));
  });
}
