/** `ballast explain`: why replicas have their weights; a table for a service, sentences for one replica. */
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { qualifiedName } from '../../contract/names.ts';
import type { Decision, ServiceDecision } from '../../contract/decision.ts';
import type { Explanation } from '../../contract/explanation.ts';
import { cores, duration, percent, short } from '../dashboard/format.js';
import { evidence, MODES, STATES } from '../dashboard/words.js';
import { askController, type ControllerFlags, withControllerOptions } from './controller-client.ts';
import { findTarget, servicePath } from './find-target.ts';
import { print } from './print.ts';

interface Flags extends ControllerFlags {
  readonly tick?: number;
  readonly json?: boolean;
}

function tickNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('Expected a tick, such as 1042.');
  return value;
}

function pausedText({ paused }: ServiceDecision): string[] {
  if (!paused) return [];
  const until = paused.expiresAt === undefined ? '' : ` until ${new Date(paused.expiresAt).toISOString()}`;
  return [`Balancing is paused${until}${paused.reason === undefined ? '' : `: ${paused.reason}`}.`];
}

function serviceText(service: ServiceDecision, decision: Decision): string {
  const { name, meaning } = MODES[service.mode];
  const table = new Table({
    head: ['replica', 'node', 'state', 'weight', 'target', 'requests/s', 'CPU/request', 'latency', 'limited by'],
    style: { head: [], border: [] },
  });
  for (const replica of service.replicas) {
    table.push([
      replica.name,
      replica.node,
      STATES[replica.state].name,
      percent(replica.weight),
      percent(replica.target),
      short(replica.requestsPerSecond),
      duration(replica.cpuPerRequestSeconds),
      duration(replica.meanLatencySeconds),
      replica.limits.join(', '),
    ]);
  }
  const cpu = `${cores(service.servedCores)} of ${cores(service.demandCores)} demanded cores can be served`;
  return [
    `${pc.bold(qualifiedName(service))} is ${name}. ${meaning}`,
    ...pausedText(service),
    `${short(service.requestsPerSecond)} requests/s; ${cpu}; its fair share is ${cores(service.fairShareCores)}.`,
    table.toString(),
    pc.dim(`Tick ${decision.tick}, ${new Date(decision.at).toISOString()}.`),
  ].join('\n');
}

function replicaText({ service, replica, node, reasons, tick, at }: Explanation): string {
  const table = new Table({ style: { head: [], border: [] }, colAligns: ['left', 'right'] });
  table.push(
    ['weight', percent(replica.weight)],
    ['previous weight', percent(replica.previous)],
    ['target', percent(replica.target)],
    ['requests', `${short(replica.requestsPerSecond)}/s`],
    ['latency', duration(replica.meanLatencySeconds)],
    ...evidence(replica),
  );
  if (node) {
    table.push(
      [`busy on ${node.name}`, `${cores(node.busyCores)} of ${cores(node.cores)} cores`],
      ['background', `${cores(node.backgroundCores)} cores`],
      ['utilisation at the targets', percent(node.predictedUtilisation)],
    );
  }
  return [
    `${pc.bold(qualifiedName({ namespace: service.namespace, name: replica.name }))}, replica of ${service.name} on ${replica.node}: ${STATES[replica.state].name}`,
    ...reasons.map((reason) => `  - ${reason}`),
    table.toString(),
    pc.dim(`Tick ${tick}, ${new Date(at).toISOString()}.`),
  ].join('\n');
}

async function explain(name: string, flags: Flags): Promise<void> {
  const decision = await askController<Decision>(flags, `/api/v1/decisions/${flags.tick ?? 'latest'}`);
  const { service, replica } = findTarget(decision, name);
  if (replica === undefined) {
    print(service, flags.json, () => serviceText(service, decision));
    return;
  }
  const path = `${servicePath(service)}/replicas/${encodeURIComponent(replica)}/explanation`;
  const explained = await askController<Explanation>(flags, `${path}?tick=${decision.tick}`);
  print(explained, flags.json, () => replicaText(explained));
}

export function explainCommand(): Command {
  return withControllerOptions(new Command('explain'))
    .description('explain the weights of a service, or of one replica')
    .argument('<name>', 'a service or a replica: [<namespace>/]<name>')
    .option('--tick <tick>', 'explain the decision at this tick of the last minutes (default: the latest)', tickNumber)
    .option('--json', 'print the object instead of text')
    .action(explain);
}
