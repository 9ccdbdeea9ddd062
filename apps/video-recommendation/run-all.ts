/** Runs one replica of each service as child processes until this process ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostPort } from '../../contract/host-port.ts';
import { readListenAddress } from '../service/flags.ts';
import { type Options, SERVICE_NAMES, type ServiceName } from './flags.ts';

/** The program that runs one replica, which is also this program. */
const MAIN = process.argv[1] ?? '';

/**
 * The recommendation service listens on the address of the options, the others on the next ports.
 * @returns exit code: that of the first to end
 * @throws BallastError INVALID_FLAG
 */
export async function runAll(options: Options): Promise<number> {
  const { host, port } = readListenAddress(options.listen);
  const addresses = new Map(SERVICE_NAMES.map((name, index) => [name, hostPort(host, port + index)]));
  const env = { ...process.env, SERVICE_ADDRESSES: JSON.stringify(Object.fromEntries(addresses)) };
  const children = [...addresses].map(([service, listen]) => {
    const flags = flagsOf(service, listen, options);
    return spawn(process.execPath, [MAIN, ...flags], { env, stdio: 'inherit' });
  });
  const stop = (signal: NodeJS.Signals): void => children.forEach((child) => void child.kill(signal));
  process.on('SIGTERM', stop);
  // A terminal sends SIGINT to the child processes as well.
  process.on('SIGINT', () => undefined);
  console.log(`http://${options.listen}/ shows recommendations; Ctrl-C ends all three`);
  const exits = children.map(exitCode);
  const code = await Promise.race(exits);
  stop('SIGTERM');
  await Promise.all(exits);
  return code;
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

async function exitCode(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
