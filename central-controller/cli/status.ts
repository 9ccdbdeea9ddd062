/** `ballast status`: the leader, the nodes, the services and their problems. */
import { Command } from 'commander';
import pc from 'picocolors';
import { qualifiedName } from '../../contract/names.ts';
import type { NodeDecision, ServiceDecision } from '../../contract/decision.ts';
import type { PolicyView } from '../../contract/policy-status.ts';
import { cores, percent, short } from '../dashboard/format.js';
import { MODES } from '../dashboard/words.js';
import { askController, type ControllerFlags, withControllerOptions } from './controller-client.ts';
import { print, tableText } from './print.ts';

interface Flags extends ControllerFlags {
  readonly json?: boolean;
}

interface NodeView extends NodeDecision {
  readonly reportAgeMs: number | null;
  readonly agentConnected: boolean;
}

interface Status {
  readonly leader: string | null;
  readonly nodes: readonly NodeView[];
  readonly services: readonly ServiceDecision[];
  readonly policies: readonly PolicyView[];
}

async function read(flags: Flags): Promise<Status> {
  const [{ leader }, { nodes }, { services }, { policies }] = await Promise.all([
    askController<Pick<Status, 'leader'>>(flags, '/api/v1/leader'),
    askController<Pick<Status, 'nodes'>>(flags, '/api/v1/nodes'),
    askController<Pick<Status, 'services'>>(flags, '/api/v1/services'),
    askController<Pick<Status, 'policies'>>(flags, '/api/v1/policies'),
  ]);
  return { leader, nodes, services, policies };
}

function problemsOf({ nodes, policies }: Status): string[] {
  return [
    ...nodes.filter(({ stale }) => stale).map(({ name }) => `node ${name}: its agent sends no reports`),
    ...policies.flatMap(({ namespace, name, status }) => {
      const ready = status.conditions?.find(({ type }) => type === 'Ready');
      if (ready?.status !== 'False' || ready.reason === 'Off') return [];
      return [`policy ${qualifiedName({ namespace, name })}: ${ready.message}`];
    }),
  ];
}

function modeText({ mode, paused }: ServiceDecision): string {
  if (!paused) return MODES[mode].name;
  return `paused${paused.reason === undefined ? '' : `: ${paused.reason}`}`;
}

function statusText(status: Status): string {
  const { leader, nodes, services } = status;
  const problems = problemsOf(status);
  return [
    `Controller: ${leader === null ? 'there is no leader' : `${leader} leads`}`,
    tableText(
      ['node', 'cores', 'busy', 'background', 'agent'],
      nodes.map((node) => [
        node.name,
        cores(node.cores),
        node.cores > 0 ? percent(node.busyCores / node.cores) : '–',
        cores(node.backgroundCores),
        node.stale ? 'silent' : node.agentConnected ? 'connected' : 'reports',
      ]),
    ),
    tableText(
      ['service', 'mode', 'replicas', 'active', 'requests/s', 'demanded cores', 'served'],
      services.map((service) => [
        qualifiedName(service),
        modeText(service),
        String(service.replicas.length),
        String(service.replicas.filter(({ state }) => state === 'Active').length),
        short(service.requestsPerSecond),
        cores(service.demandCores),
        cores(service.servedCores),
      ]),
    ),
    ...(problems.length > 0 ? problems.map((problem) => pc.yellow(problem)) : [pc.green('No problems.')]),
  ].join('\n');
}

export function statusCommand(): Command {
  return withControllerOptions(new Command('status'))
    .description('show the leader, the nodes, the services and their problems')
    .option('--json', 'print the object instead of text')
    .action(async (flags: Flags) => {
      const status = await read(flags);
      print({ ...status, problems: problemsOf(status) }, flags.json, () => statusText(status));
    });
}
