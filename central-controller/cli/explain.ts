/** `ballast explain`: why a service's replicas have their weights, in a table, or one replica in words. */
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import type { Decision, ServiceDecision } from '../contract/decision.ts';
import { BallastError } from '../contract/errors.ts';
import type { Explanation } from '../contract/explanation.ts';
import { cores, duration, percent, short } from '../dashboard/format.js';
import { evidence, MODES, STATES } from '../dashboard/words.js';
import { askController, controllerOption } from './controller-client.ts';

interface Flags {
  readonly controller: string;
  readonly tick?: number;
  readonly json?: boolean;
}

/** What a name on the command line stands for. */
interface Target {
  readonly service: ServiceDecision;
  readonly replica?: string;
}

function tickNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('Expected a tick, such as 1042.');
  return value;
}

/** `[<namespace>/]<service or replica>`; a name that several namespaces have must be told with its own. */
function findTarget(decision: Decision, name: string): Target {
  const [last = '', namespace] = name.split('/').toReversed();
  const near = decision.services.filter((service) => namespace === undefined || service.namespace === namespace);
  const targets = near.flatMap((service): Target[] => [
    ...(service.name === last ? [{ service }] : []),
    ...service.replicas.filter((replica) => replica.name === last).map(() => ({ service, replica: last })),
  ]);
  const [target, other] = targets;
  if (!target) throw new BallastError('UNKNOWN_SERVICE', `${name}: no balanced service or replica is called so`);
  if (other) {
    const full = targets.map(({ service }) => `${service.namespace}/${last}`);
    throw new BallastError('INVALID_REQUEST', `${name}: is not the only one: name ${full.join(' or ')}`);
  }
  return target;
}

function serviceText(service: ServiceDecision, decision: Decision): string {
  const { name, meaning } = MODES[service.mode];
  const table = new Table({
    head: ['replica', 'node', 'state', 'weight', 'target', 'requests/s', 'CPU/request', 'latency', 'because of'],
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
  const cpu = `${cores(service.servedCores)} of ${cores(service.demandCores)} cores asked for can be served`;
  return [
    `${pc.bold(`${service.namespace}/${service.name}`)} is ${name}. ${meaning}`,
    `${short(service.requestsPerSecond)} requests/s; ${cpu}; its fair share is ${cores(service.fairShareCores)}.`,
    table.toString(),
    pc.dim(`Tick ${decision.tick}, ${new Date(decision.at).toISOString()}.`),
  ].join('\n');
}

function replicaText({ service, replica, node, reasons, tick, at }: Explanation): string {
  const table = new Table({ style: { head: [], border: [] }, colAligns: ['left', 'right'] });
  table.push(
    ['weight', percent(replica.weight)],
    ['before', percent(replica.previous)],
    ['would be best', percent(replica.target)],
    ['requests', `${short(replica.requestsPerSecond)}/s`],
    ['latency', duration(replica.meanLatencySeconds)],
    ...evidence(replica),
  );
  if (node) {
    table.push(
      [`busy of ${node.name}`, `${cores(node.busyCores)} of ${cores(node.cores)} cores`],
      ['not with balanced replicas', `${cores(node.backgroundCores)} cores`],
      ['busy at the best weights', percent(node.predictedUtilisation)],
    );
  }
  return [
    `${pc.bold(`${service.namespace}/${replica.name}`)}, replica of ${service.name} on ${replica.node}: ${STATES[replica.state].name}`,
    ...reasons.map((reason) => `  - ${reason}`),
    table.toString(),
    pc.dim(`Tick ${tick}, ${new Date(at).toISOString()}.`),
  ].join('\n');
}

async function explain(name: string, { controller, tick, json = false }: Flags): Promise<void> {
  const decision = await askController<Decision>(controller, `/api/v1/decisions/${tick ?? 'latest'}`);
  const { service, replica } = findTarget(decision, name);
  if (replica === undefined) {
    console.log(json ? JSON.stringify(service, null, 2) : serviceText(service, decision));
    return;
  }
  const path = `/api/v1/services/${service.namespace}/${service.name}/replicas/${replica}/explanation`;
  const explained = await askController<Explanation>(controller, `${path}?tick=${decision.tick}`);
  console.log(json ? JSON.stringify(explained, null, 2) : replicaText(explained));
}

export function explainCommand(): Command {
  return new Command('explain')
    .description('say why a service, or one replica, has its weights')
    .argument('<name>', 'a service or a replica: [<namespace>/]<name>')
    .addOption(controllerOption())
    .option('--tick <tick>', 'as decided at this tick of the last minutes, instead of now', tickNumber)
    .option('--json', 'print the object instead of text')
    .action(explain);
}
