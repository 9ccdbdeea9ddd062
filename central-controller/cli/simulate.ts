/** `ballast simulate`: predicts what the controller would decide after changes. */
import { Command, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { qualifiedName } from '../../contract/names.ts';
import type { SimulatedChange, Simulation } from '../../contract/simulation.ts';
import { BallastError } from '../../contract/errors.ts';
import { cores, duration, percent, short } from '../dashboard/format.js';
import { askController, type ControllerFlags, withControllerOptions } from './controller-client.ts';
import { print, tableText } from './print.ts';

const ABOUT = `
Changes apply in the order of the command line. Services are named as <namespace>/<name>.

Examples:
  ballast simulate --demand 2
  ballast simulate --move shop/cart/cart-0=node-2 --drain node-1 --demand shop/cart=1.5`;

interface Flags extends ControllerFlags {
  readonly json?: boolean;
}

function moveOf(text: string): SimulatedChange {
  const [, service = '', replica = '', node = ''] = /^([^/=]+\/[^/=]+)\/([^/=]+)=([^/=]+)$/.exec(text) ?? [];
  if (node === '') throw new InvalidArgumentError('Expected <namespace>/<service>/<replica>=<node>.');
  return { kind: 'moveReplica', service, replica, node };
}

function demandOf(text: string): SimulatedChange {
  const [amount = '', service] = text.split('=').toReversed();
  const factor = Number(amount);
  if (amount === '' || !(factor >= 0) || (service !== undefined && !/^[^/]+\/[^/]+$/.test(service))) {
    throw new InvalidArgumentError('Expected a factor such as 2, or <namespace>/<service>=2.');
  }
  return { kind: 'scaleDemand', factor, ...(service !== undefined && { service }) };
}

type BeforeAfter = { readonly before: number; readonly after: number };

function change({ before, after }: BeforeAfter, format: (value: number) => string): string {
  const [from, to] = [format(before), format(after)];
  return from === to ? from : `${from} → ${pc.bold(to)}`;
}

function simulationText({ nodes, services, warnings }: Simulation): string {
  return [
    tableText(
      ['node', 'cores', 'busy'],
      nodes.map((node) => [node.name, cores(node.cores), change(node.utilisation, percent)]),
    ),
    tableText(
      ['service', 'requests/s', 'demanded cores', 'served', 'delay', 'replica', 'node', 'weight'],
      services.flatMap((service) =>
        service.replicas.map(({ name, node, weight }, index) => [
          ...(index > 0
            ? ['', '', '', '', '']
            : [
                qualifiedName(service),
                change(service.requestsPerSecond, short),
                change(service.demandCores, cores),
                change(service.servedCores, cores),
                change(service.delaySeconds, duration),
              ]),
          name,
          node,
          change(weight, percent),
        ]),
      ),
    ),
    ...warnings.map((warning) => pc.yellow(warning)),
  ].join('\n');
}

export function simulateCommand(): Command {
  // Commander keeps the order of the values of one option only, so all options add to one list.
  const changes: SimulatedChange[] = [];
  const add = (read: (text: string) => SimulatedChange) => (text: string) => {
    changes.push(read(text));
    return changes.length;
  };
  return withControllerOptions(new Command('simulate'))
    .description('predict weights, utilisation and delays after changes, without making them')
    .addHelpText('after', ABOUT)
    .option('--move <replica=node>', 'move a replica to another node; may be repeated', add(moveOf))
    .option(
      '--drain <node>',
      'remove the replicas of a node; may be repeated',
      add((node) => ({ kind: 'drainNode', node })),
    )
    .option('--demand <factor>', 'multiply the requests of all services, or of one; may be repeated', add(demandOf))
    .option('--json', 'print the object instead of text')
    .action(async (flags: Flags) => {
      if (changes.length === 0)
        throw new BallastError('INVALID_FLAG', '--move, --drain, --demand: at least one of them is needed');
      const body = { changes };
      const simulation = await askController<Simulation>(flags, '/api/v1/simulate', { method: 'POST', body });
      print(simulation, flags.json, () => simulationText(simulation));
    });
}
