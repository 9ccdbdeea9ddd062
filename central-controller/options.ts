/** The controller's command line. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { BallastError } from '../contract/errors.ts';
import { CONTROLLER_PORT, DEFAULT_CLUSTER_DOMAIN, parseClusterDomain } from '../contract/names.ts';
import { MAX_REPLICAS } from './metrics/controller-metrics.ts';

/** Where the cluster's objects come from: a directory of manifests, or an API server. */
export type ClusterSource = {
  /** Domain of the hosts in the names of Envoy's clusters. */
  readonly clusterDomain: string;
} & (
  | { readonly kind: 'manifests'; readonly directory: string }
  | {
      readonly kind: 'kubernetes';
      /** Undefined: the pod's own service account. */
      readonly kubeconfig: string | undefined;
      readonly namespace: string;
      readonly lease: string;
    }
);

export interface ControllerOptions {
  readonly cluster: ClusterSource;
  /** Unique among controllers, including earlier ones. */
  readonly identity: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly tickMs: number;
  readonly logLevel: string;
  /** With more replicas than this, none has a metric series of its own. */
  readonly replicaMetrics: number;
}

interface Flags extends Omit<ControllerOptions, 'cluster'> {
  readonly manifests?: string;
  readonly kubernetes?: true;
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly leaseName: string;
  readonly clusterDomain: string;
}

function parseListen(text: string): ControllerOptions['listen'] {
  const match = /^(?<host>\[[0-9a-f:]+\]|[^:]+):(?<port>\d{1,5})$/i.exec(text);
  const port = Number(match?.groups?.port);
  if (!match?.groups?.host || port > 65_535) {
    throw new BallastError('INVALID_FLAG', `--listen: ${text} is not of the form host:port`);
  }
  return { host: match.groups.host.replace(/^\[|\]$/g, ''), port };
}

function parseTick(text: string): number {
  const tickMs = Number(text);
  if (!(tickMs >= 10 && tickMs <= 2_000)) {
    throw new BallastError('INVALID_FLAG', `--tick-ms: ${text} is not between 10 and 2000`);
  }
  return tickMs;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (text.trim() === '' || !Number.isInteger(count) || count < 0) {
    throw new BallastError('INVALID_FLAG', `--replica-metrics: ${text} is not a whole number of replicas`);
  }
  return count;
}

export function controllerCommand(): Command {
  return new Command('central-controller')
    .description('Receives the reports of the host agents, decides on weights and publishes them.')
    .version(packageJson.version)
    .addOption(
      new Option(
        '--manifests <directory>',
        'watched directory of YAML files with Node, Pod, Service, StatefulSet and LoadBalancingPolicy objects',
      ).conflicts('kubernetes'),
    )
    .addOption(new Option('--kubernetes', 'watch the cluster that this runs in, or that of --kubeconfig'))
    .addOption(new Option('--kubeconfig <file>', "instead of the pod's service account").implies({ kubernetes: true }))
    .option('--namespace <name>', 'namespace of the lease that elects the leader', 'ballast-system')
    .option('--lease-name <name>', 'name of that lease', 'ballast-controller')
    .option(
      '--cluster-domain <domain>',
      "domain of the cluster's names, the same as istiod's: proxies know services by hosts in it",
      parseClusterDomain,
      DEFAULT_CLUSTER_DOMAIN,
    )
    .addOption(
      new Option('--identity <name>', 'unique name of this controller; no other process may ever have it').default(
        `${process.env['POD_NAME'] ?? hostname()}_${randomUUID().slice(0, 8)}`,
        'name of the pod or host, and a random suffix',
      ),
    )
    .addOption(
      new Option('--listen <host:port>', 'address for agents, REST and page')
        .default({ host: '127.0.0.1', port: CONTROLLER_PORT }, `127.0.0.1:${CONTROLLER_PORT}`)
        .argParser(parseListen),
    )
    .option('--tick-ms <ms>', 'time between two decisions', parseTick, 250)
    .option(
      '--replica-metrics <most>',
      'with more replicas than this, none has series of its own in /metrics; 0: none ever has',
      parseCount,
      MAX_REPLICAS,
    )
    .addOption(
      new Option('--log-level <level>', 'least level that is logged')
        .choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .default('info'),
    );
}

/**
 * Reads the command line. commander itself prints help or errors and exits.
 * @throws BallastError INVALID_FLAG
 */
export function parseOptions(argv: readonly string[]): ControllerOptions {
  const flags = controllerCommand().parse(argv).opts<Flags>();
  const { identity, listen, tickMs, logLevel, replicaMetrics } = flags;
  return { cluster: sourceOf(flags), identity, listen, tickMs, logLevel, replicaMetrics };
}

function sourceOf(flags: Flags): ClusterSource {
  const { manifests, kubernetes, kubeconfig, namespace, leaseName, clusterDomain } = flags;
  if (kubernetes) return { kind: 'kubernetes', kubeconfig, namespace, lease: leaseName, clusterDomain };
  if (manifests !== undefined) return { kind: 'manifests', directory: manifests, clusterDomain };
  throw new BallastError('INVALID_FLAG', '--kubernetes or --manifests: one of them is required');
}
