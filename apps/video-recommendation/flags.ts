/** Checks the flags. */
import { parseArgs } from 'node:util';
import { type Result, failure, success } from '../../contract/result.ts';
import { checkHostAndPort } from '../service/addresses.ts';
import { MAX_VIDEOS } from './http/fields.ts';

/** The first is the one that clients call. */
export const SERVICE_NAMES = ['video-recommendation', 'user-service', 'video-service'] as const;

export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Default ports, which differ so that all three services can run on one machine. */
const DEFAULT_PORTS: Readonly<Record<ServiceName, number>> = {
  'video-recommendation': 8080,
  'user-service': 8081,
  'video-service': 8082,
};

export const HELP = `Runs one replica of one service of the video recommendation application, or one of each.

Usage: npx node apps/video-recommendation/main.ts --service <name> [flags]

  --service           ${SERVICE_NAMES.join(', ')}; or all: one of each
  --listen            ip:port to serve HTTP on; port 0 takes any free one (default 127.0.0.1 and
                      ${SERVICE_NAMES.map((name) => `${DEFAULT_PORTS[name]} for ${name}`).join(', ')});
                      of all: where the recommendations are, the others have the next ports
  --user-service      host:port of the service of the users, for video-recommendation
                      (default user-service.<namespace>.svc.cluster.local:8080)
  --video-service     host:port of the service of the videos, likewise
  --batch-size        most users or videos that one request asks for (default 50)
  --default-limit     videos that are recommended where the request does not say (default 20)
  --client-pool-size  connections to each service that is asked, used in turn (default 4)
  --deadline-ms       an answer of another service that is not there by then is not waited for (default 2000)

Environment:
  POD_NAME           name of this replica (default <service>-0)
  POD_NAMESPACE      its namespace (default video-recommendation)
  MESH_OUTBOUND      ip:port of the sidecar's outbound listener; every call to another service goes there
  SERVICE_ADDRESSES  without mesh and DNS: JSON such as {"user-service":"127.0.0.1:8081"}
`;

export interface Options {
  readonly service: ServiceName | 'all';
  /** `ip:port` */
  readonly listen: string;
  /** `host:port` of the services that video-recommendation asks, where they are not found by their usual names. */
  readonly hosts: Readonly<Partial<Record<'user-service' | 'video-service', string>>>;
  readonly maxBatchSize: number;
  readonly defaultLimit: number;
  readonly poolSize: number;
  readonly deadlineMs: number;
}

const NUMBERS = {
  'batch-size': { otherwise: 50, from: 1, to: 250 },
  'default-limit': { otherwise: 20, from: 1, to: MAX_VIDEOS },
  'client-pool-size': { otherwise: 4, from: 1, to: 256 },
  'deadline-ms': { otherwise: 2000, from: 1, to: 60_000 },
} as const;

type NumberFlag = keyof typeof NUMBERS;

function readNumber(given: string | undefined, flag: NumberFlag): Result<number> {
  const { otherwise, from, to } = NUMBERS[flag];
  if (given === undefined) return success(otherwise);
  const value = /^\d{1,6}$/.test(given) ? Number(given) : NaN;
  return value >= from && value <= to
    ? success(value)
    : failure('INVALID_FLAG', `--${flag} ${given} is not a whole number from ${from} to ${to}.`);
}

const HOST_FLAGS = ['user-service', 'video-service'] as const;

function readHosts(
  values: Readonly<Partial<Record<(typeof HOST_FLAGS)[number], string>>>,
  service: ServiceName | 'all',
): Result<Options['hosts']> {
  for (const flag of HOST_FLAGS) {
    const given = values[flag];
    if (given === undefined) continue;
    if (service !== 'video-recommendation' && service !== 'all') {
      return failure('INVALID_FLAG', `--${flag} is for video-recommendation: ${service} asks no other service.`);
    }
    const checked = checkHostAndPort(given);
    if (!checked.ok) return failure('INVALID_FLAG', `--${flag} ${checked.failure.message}`);
  }
  return success(
    Object.fromEntries(HOST_FLAGS.flatMap((flag) => (values[flag] === undefined ? [] : [[flag, values[flag]]]))),
  );
}

/** The options of the command line, or `help`. */
export function readFlags(args: readonly string[]): Result<Options | 'help'> {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        service: { type: 'string' },
        listen: { type: 'string' },
        'user-service': { type: 'string' },
        'video-service': { type: 'string' },
        'batch-size': { type: 'string' },
        // The old name of --batch-size.
        'max-batch-size': { type: 'string' },
        'default-limit': { type: 'string' },
        'client-pool-size': { type: 'string' },
        'deadline-ms': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    return failure('INVALID_FLAG', error instanceof Error ? error.message : String(error));
  }
  if (values.help) return success('help');
  const service = [...SERVICE_NAMES, 'all' as const].find((name) => name === values.service);
  if (!service) return failure('INVALID_FLAG', `--service must be one of ${SERVICE_NAMES.join(', ')}, all.`);
  const hosts = readHosts(values, service);
  if (!hosts.ok) return hosts;
  const maxBatchSize = readNumber(values['batch-size'] ?? values['max-batch-size'], 'batch-size');
  if (!maxBatchSize.ok) return maxBatchSize;
  const defaultLimit = readNumber(values['default-limit'], 'default-limit');
  if (!defaultLimit.ok) return defaultLimit;
  const poolSize = readNumber(values['client-pool-size'], 'client-pool-size');
  if (!poolSize.ok) return poolSize;
  const deadlineMs = readNumber(values['deadline-ms'], 'deadline-ms');
  if (!deadlineMs.ok) return deadlineMs;
  return success({
    service,
    listen: values.listen ?? `127.0.0.1:${DEFAULT_PORTS[service === 'all' ? 'video-recommendation' : service]}`,
    hosts: hosts.value,
    maxBatchSize: maxBatchSize.value,
    defaultLimit: defaultLimit.value,
    poolSize: poolSize.value,
    deadlineMs: deadlineMs.value,
  });
}
