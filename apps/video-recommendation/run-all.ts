/** Runs one replica of each service as child processes until this process ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { hostPort } from '../../contract/host-port.ts';
import { readListenAddress } from '../service/flags.ts';
import { type Options, SERVICE_NAMES, type ServiceName } from './flags.ts';

/** The program that runs one replica, which is also this program. */
const MAIN = process.argv[1] ?? '';

interface Replica {
  /** `ip:port` in use; undefined if the process ends before it serves. */
  readonly address: Promise<string | undefined>;
  readonly exitCode: Promise<number>;
  end(signal: NodeJS.Signals): void;
}

/**
 * The recommendation service listens on the address of the options, the others on the next ports, or all on free ports if
 * the address has port 0. The others start first, because the recommendation service needs their addresses.
 * @returns exit code: that of the first to end
 * @throws BallastError INVALID_FLAG
 */
export async function runAll(options: Options): Promise<number> {
  const { host, port } = readListenAddress(options.listen);
  const [first, ...others] = SERVICE_NAMES;
  const replicas: Replica[] = [];
  const stop = (signal: NodeJS.Signals): void => replicas.forEach((replica) => replica.end(signal));
  process.on('SIGTERM', stop);
  // A terminal sends SIGINT to the child processes as well.
  process.on('SIGINT', () => undefined);
  const start = async (service: ServiceName, addresses = {}): Promise<string | undefined> => {
    const listen = hostPort(host, port === 0 ? 0 : port + SERVICE_NAMES.indexOf(service));
    const replica = startReplica(flagsOf(service, listen, options), { SERVICE_ADDRESSES: JSON.stringify(addresses) });
    replicas.push(replica);
    return replica.address;
  };
  const known = await Promise.all(others.map(async (service) => [service, await start(service)] as const));
  if (known.every(([, address]) => address !== undefined)) {
    const address = await start(first, Object.fromEntries(known));
    if (address) console.log(`http://${address}/ shows recommendations; Ctrl-C ends all three`);
  }
  const exits = replicas.map(({ exitCode }) => exitCode);
  const code = await Promise.race(exits);
  stop('SIGTERM');
  await Promise.all(exits);
  return code;
}

/** Starts a replica and prints what it prints. */
function startReplica(flags: readonly string[], environment: Readonly<Record<string, string>>): Replica {
  const child = spawn(process.execPath, [MAIN, ...flags], {
    env: { ...process.env, ...environment },
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  const { promise: address, resolve: servesOn } = Promise.withResolvers<string | undefined>();
  createInterface({ input: child.stdout })
    .on('line', (line) => {
      console.log(line);
      const url = / serves on (\S+)$/.exec(line)?.[1];
      if (url !== undefined) servesOn(new URL(url).host);
    })
    .on('close', () => servesOn(undefined));
  const exitCode = once(child, 'exit').then(([code]) => Number(code ?? 1));
  return { address, exitCode, end: (signal) => void child.kill(signal) };
}

function flagsOf(service: ServiceName, listen: string, options: Options): string[] {
  const flags = {
    service,
    listen,
    'max-batch-size': options.maxBatchSize,
    'default-limit': options.defaultLimit,
    'client-pool-size': options.poolSize,
    'deadline-ms': options.deadlineMs,
  };
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}
