#!/usr/bin/env node
/** The load operator: runs the loads of a cluster's LoadgenRequests. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import closeWithGrace from 'close-with-grace';
import { Command, Option } from 'commander';
import { fastify } from 'fastify';
import pino from 'pino';
import { inClusterAccess, kubeconfigAccess } from '../../../central-controller/kubernetes/api-access.ts';
import { BallastError, describeFailure } from '../../../contract/errors.ts';
import { DEFAULT_CLUSTER_DOMAIN, parseClusterDomain, serviceHost } from '../../../contract/names.ts';
import { readListenAddress } from '../../../apps/service/flags.ts';
import { addReplicaRoutes } from '../../../apps/service/run-service.ts';
import { openOperator } from './open-operator.ts';

/** Outstanding requests end within 10 s. Then the results are written. */
const GRACE_MS = 20_000;

interface Flags {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly lease: string;
  readonly listen: string;
  readonly clusterDomain: string;
  readonly logLevel: string;
}

const flags = new Command('load-operator')
  .description('Runs the loads that LoadgenRequest objects ask for, and writes what they measured as LoadgenResult.')
  .option('--kubeconfig <file>', "cluster to follow, instead of the pod's own")
  .option('--namespace <name>', 'namespace of the Lease by which one of several operators acts; else its own')
  .option('--lease <name>', 'name of that Lease', 'ballast-load-operator')
  .option('--listen <ip:port>', 'address of /livez and /readyz', '127.0.0.1:8080')
  .option('--cluster-domain <domain>', "domain of the cluster's hosts", parseClusterDomain, DEFAULT_CLUSTER_DOMAIN)
  .addOption(
    new Option('--log-level <level>', 'what is worth a line')
      .choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info'),
  )
  .parse()
  .opts<Flags>();

async function main(): Promise<void> {
  const { kubeconfig, listen, lease, clusterDomain } = flags;
  if (kubeconfig === undefined && process.env['KUBERNETES_SERVICE_HOST'] === undefined) {
    throw new BallastError('INVALID_FLAG', '--kubeconfig: this is no pod of a cluster, so it must be named');
  }
  const address = readListenAddress(listen);
  const access = await (kubeconfig === undefined ? inClusterAccess() : kubeconfigAccess({ kubeconfig }));
  const logger = pino({ name: 'load-operator', level: flags.logLevel });
  const pod = process.env['POD_NAME'] ?? hostname();
  const server = fastify();
  const operator = openOperator(
    {
      access,
      namespace: flags.namespace ?? access.namespace ?? 'default',
      lease,
      identity: `${pod}_${randomUUID()}`,
      targetOf: (namespace, service, port) =>
        new URL(`http://${serviceHost(namespace, service, clusterDomain)}:${port}`),
    },
    logger,
  );
  closeWithGrace({ logger, delay: GRACE_MS }, async () => {
    await operator.close();
    await server.close();
  });
  addReplicaRoutes(server, { pod, notReady: () => (operator.isReady ? undefined : 'not everything was seen yet') });
  await server.listen(address).catch((error: Error) => {
    throw new BallastError('INVALID_FLAG', `--listen: ${error.message}`, { cause: error });
  });
}

try {
  await main();
} catch (error) {
  console.error(error instanceof BallastError ? describeFailure(error) : error);
  process.exit(1);
}
