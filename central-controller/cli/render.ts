/** `ballast render`: prints the Istio objects that route to single replicas, made from a user's manifests. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { replicaNames } from '../routing/istio-names.ts';
import { subsetRouting, endpointRouting } from '../routing/istio-objects.ts';
import type { Manifest } from '../kubernetes/manifest.ts';
import { renderRouting, type RenderRequest } from '../routing/render-routing.ts';
import type { Routing } from '../../contract/assignment.ts';
import { BallastError } from '../../contract/errors.ts';
import { DEFAULT_CLUSTER_DOMAIN, parseClusterDomain } from '../../contract/names.ts';
import { loadManifests } from '../cluster/manifest-files.ts';
import { writeYaml } from '../kubernetes/yaml.ts';

const ABOUT = `
Subset:    a DestinationRule with one subset per replica, and a VirtualService with one header match per replica. A
           VirtualService of the manifests that leads to a balanced service, also from a Gateway, gets these matches.
Endpoint:  a patch for each Service: with its label, istiod lets a request name its endpoint.

All services with a StatefulSet are balanced. If there are LoadBalancingPolicies, only the services that they name.

Examples:
  ballast render --from manifests/ | kubectl apply --server-side --field-manager ballast-render -f -
  ballast render statefulset shop/cart --replicas 50 > cart-routing.yaml`;

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new InvalidArgumentError('Expected 1 to 65535.');
  return value;
}

function ordinals(text: string): number[] {
  const values = text.split(',').map((part) => (/^\d{1,6}$/.test(part) ? Number(part) : NaN));
  if (values.some(Number.isNaN)) throw new InvalidArgumentError('Expected ordinals such as 0,2,5.');
  return values;
}

function namespacedName(text: string): { namespace: string; name: string } {
  const parts = /^([a-z0-9-]{1,63})\/([a-z0-9-]{1,52})$/.exec(text);
  if (!parts?.[1] || !parts[2]) throw new InvalidArgumentError('Expected <namespace>/<name>, in lower case.');
  return { namespace: parts[1], name: parts[2] };
}

function routingOption(help: string): Option {
  return new Option('--routing <routing>', help).choices(['Subset', 'Endpoint']);
}

function clusterDomainOption(): Option {
  return new Option('--cluster-domain <domain>', "domain of the cluster's hosts")
    .argParser(parseClusterDomain)
    .default(DEFAULT_CLUSTER_DOMAIN);
}

interface StatefulSetFlags {
  readonly replicas: number;
  readonly ordinals?: readonly number[];
  readonly port?: number;
  readonly service?: string;
  readonly routing: Routing;
  readonly clusterDomain: string;
}

function renderStatefulSet(target: { namespace: string; name: string }, flags: StatefulSetFlags): Manifest[] {
  const replicas = flags.ordinals
    ? flags.ordinals.map((ordinal) => `${target.name}-${ordinal}`)
    : replicaNames(target.name, flags.replicas);
  const service = {
    namespace: target.namespace,
    name: flags.service ?? target.name,
    clusterDomain: flags.clusterDomain,
    replicas,
    ...(flags.port === undefined ? {} : { port: flags.port }),
  };
  if (flags.routing === 'Endpoint') return endpointRouting([service]);
  return subsetRouting([service], { destinationRules: [], virtualServices: [] });
}

function statefulSetCommand(): Command {
  return new Command('statefulset')
    .description('print the routing objects of one StatefulSet, without manifests')
    .argument('<namespace/name>', 'the StatefulSet', namespacedName)
    .option('--replicas <count>', 'number of replicas, with ordinals from 0', positive, 3)
    .option('--ordinals <list>', 'ordinals of the replicas if they have gaps, such as 0,2,5', ordinals)
    .option('--port <port>', 'port of the Service in the routes (default: the port of the request)', positive)
    .option('--service <name>', 'name of its Service (default: the name of the StatefulSet)')
    .addOption(routingOption('how a request reaches its replica').default('Subset'))
    .addOption(clusterDomainOption())
    .action((target: { namespace: string; name: string }, flags: StatefulSetFlags, command: Command) => {
      const { parent } = command;
      const misplaced = parent?.options.find((each) => parent.getOptionValueSource(each.attributeName()) === 'cli');
      if (misplaced) throw new BallastError('INVALID_FLAG', `${misplaced.long}: write it after statefulset`);
      process.stdout.write(writeYaml(renderStatefulSet(target, flags)));
    });
}

export function renderCommand(): Command {
  return (
    new Command('render')
      .description('print the Istio objects that route to single replicas, as YAML')
      .addHelpText('after', ABOUT)
      // `statefulset` has options of the same names. Without this, commander gives them to `render`, wherever they stand.
      .enablePositionalOptions()
      .option('--from <path...>', "manifests: YAML files, directories of YAML files, or '-' for standard input")
      .option('--service <name>', 'only this service')
      .addOption(routingOption('for all services (default: the routing of their policies, else Endpoint)'))
      .addOption(clusterDomainOption())
      .addCommand(statefulSetCommand())
      .action(async (flags: RenderRequest & { readonly from?: readonly string[] }) => {
        if (!flags.from) throw new BallastError('INVALID_FLAG', '--from: the manifests to read are missing');
        const note = (line: string): void => void process.stderr.write(`${line}\n`);
        const manifests = await Promise.all(flags.from.map((path) => loadManifests(path, note)));
        const rendered = renderRouting(manifests.flat(), { ...flags, onNote: note });
        if (!rendered.ok) throw new BallastError(rendered.failure.code, rendered.failure.message);
        process.stdout.write(writeYaml(rendered.value));
      })
  );
}
