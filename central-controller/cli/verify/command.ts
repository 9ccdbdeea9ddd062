/** `ballast verify pinning`: whether each replica alone serves the requests that name it, and whose CPU rises. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type BaseAddress, parseBaseAddress, withoutCredentials } from '../../../contract/base-address.ts';
import type { Decision, ServiceDecision } from '../../../contract/decision.ts';
import { BallastError } from '../../../contract/errors.ts';
import { qualifiedName } from '../../../contract/names.ts';
import type { PolicyView } from '../../../contract/policy-status.ts';
import { askController, type ControllerFlags, withControllerOptions } from '../controller-client.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { askForService } from '../find-target.ts';
import { print } from '../print.ts';
import { seconds } from '../values.ts';
import { PinnedClient } from './pinned-requests.ts';
import { type CpuChange, judged, type PinnedReplica, reportOf, reportText } from './pinning-report.ts';

interface Flags extends ControllerFlags {
  readonly address: string;
  readonly path: string;
  readonly host?: string;
  readonly requests: number;
  readonly rate: number;
  readonly settle: number;
  readonly replicaHeader: string;
  readonly json?: boolean;
}

/** The controller knows of CPU that was used this long before, at the latest: agents report four times a second. */
const REPORTED_MS = 600;

type Usage = ReadonlyMap<string, number>;

async function readUsage(flags: Flags, { namespace, name }: ServiceDecision): Promise<Usage> {
  const { services } = await askController<Decision>(flags, '/api/v1/decisions/latest');
  const service = services.find((each) => each.namespace === namespace && each.name === name);
  return new Map(service?.replicas.map((replica) => [replica.name, replica.cpuCores]));
}

async function readPolicy(flags: Flags, service: ServiceDecision): Promise<PolicyView | undefined> {
  const { policies } = await askController<{ policies: readonly PolicyView[] }>(flags, '/api/v1/policies');
  return policies.find((policy) => policy.service === qualifiedName(service));
}

function changes(before: Usage, after: Usage): CpuChange[] {
  return [...after].map(([replica, value]) => ({ replica, before: before.get(replica) ?? 0, after: value }));
}

/** Sends each replica's requests, one replica after the other. */
async function askEach(
  flags: Flags,
  address: BaseAddress,
  service: ServiceDecision,
  ready: readonly string[],
): Promise<PinnedReplica[]> {
  const client = new PinnedClient({ ...flags, address });
  const replicas: PinnedReplica[] = [];
  try {
    const [first] = ready;
    if (first !== undefined) await client.settle(first, flags.settle);
    let before = await readUsage(flags, service);
    for (const replica of ready) {
      const requests = await client.send(replica, flags.requests, flags.rate);
      await sleep(REPORTED_MS);
      const after = await readUsage(flags, service);
      replicas.push(judged(replica, requests, changes(before, after)));
      before = after;
    }
    return replicas;
  } finally {
    await client.close();
  }
}

async function verifyPinning(name: string, flags: Flags): Promise<void> {
  const address = parseBaseAddress(flags.address);
  if (!address.ok) throw new BallastError(address.failure.code, `--address: ${address.failure.message}`);
  const service = await askForService(flags, name);
  const policy = await readPolicy(flags, service);
  const ready = service.replicas.filter(({ state }) => state !== 'NotReady').map((replica) => replica.name);
  const replicas = await askEach(flags, address.value, service, ready);
  const notReady = service.replicas.map((replica) => replica.name).filter((replica) => !ready.includes(replica));
  const { replicaHeader } = flags;
  const report = reportOf({
    service,
    address: withoutCredentials(flags.address),
    policy,
    replicaHeader,
    replicas,
    notReady,
  });
  print(report, flags.json, () => reportText(report));
  if (!report.ok) process.exitCode = EXIT_CODES.failed.code;
}

function wholeUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`);
  };
}

function absolutePath(text: string): string {
  if (text.startsWith('/')) return text;
  throw new InvalidArgumentError('Expected a path that begins with a slash, such as /user?username=me.');
}

function pinningCommand(): Command {
  return withControllerOptions(new Command('pinning'))
    .description('send requests that name each replica in x-lb-endpt, and count who answers and whose CPU rises')
    .argument('<service>', '[<namespace>/]<name>')
    .requiredOption('--address <url>', 'where requests are sent: the address of the ingress gateway')
    .option(
      '--path <path>',
      'path of the requests, with its query; a request that costs CPU shows more',
      absolutePath,
      '/',
    )
    .option('--host <name>', 'Host header of the requests, where the gateway routes by it')
    .option('--requests <n>', 'requests for each replica, 1 to 10000', wholeUpTo(10_000), 100)
    .option('--rate <n>', 'requests per second, 1 to 1000', wholeUpTo(1000), 20)
    .addOption(
      new Option('--settle <time>', 'wait this long at most until the first replica alone answers; not counted')
        .argParser(seconds)
        .default(10, '10s'),
    )
    .addOption(
      new Option('--replica-header <name>', 'response header that names who answered')
        .argParser((text) => text.toLowerCase())
        .default('x-served-by'),
    )
    .option('--json', 'print the object instead of text')
    .addHelpText(
      'after',
      `
The policy of the service must have \`pinning: Allowed\`. The exit code is 1 when a replica did not answer all requests
that named it; the last lines say what to do.

Examples:
  ballast verify pinning frontend --address http://127.0.0.1:8080 --path '/user?username=Cornell_1&password=1111111111'
  ballast verify pinning geo --address http://127.0.0.1:8080 --host geo.hotel-reservation.svc.cluster.local --path '/nearby?lat=37.8&lon=-122.1'`,
    )
    .action(verifyPinning);
}

export function verifyCommand(): Command {
  return new Command('verify')
    .description('check from the outside that the mesh does what a policy says')
    .addCommand(pinningCommand());
}
