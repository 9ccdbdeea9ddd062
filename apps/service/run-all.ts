/** Runs one replica of each service of an application as child processes until this process ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { hostPort } from '../../contract/host-port.ts';
import { readListenAddress } from './flags.ts';

/** The program that runs one replica, which is also this program. */
const MAIN = process.argv[1] ?? '';

export interface AllServices<Name extends string> {
  /** The services in groups that start one after the other: each needs the addresses of those before it. */
  readonly stages: readonly (readonly Name[])[];
  /** The service that clients call: the last to start. */
  readonly front: Name;
  /** `ip:port` of the service that clients call. The others have the next ports; port 0 means free ports for all. */
  readonly listen: string;
  /** Flags of the program for one service that listens on `ip:port`. */
  flagsOf(service: Name, listen: string): readonly string[];
}

interface Replica {
  /** `ip:port` in use; undefined if the process ends before it serves. */
  readonly address: Promise<string | undefined>;
  readonly exitCode: Promise<number>;
  end(signal: NodeJS.Signals): void;
}

/**
 * Each service gets the addresses of those that started before it in the environment, as `SERVICE_ADDRESSES`.
 * @returns exit code: that of the first to end
 * @throws BallastError INVALID_FLAG
 */
export async function runAll<Name extends string>(services: AllServices<Name>): Promise<number> {
  const { stages, front, flagsOf } = services;
  const { host, port } = readListenAddress(services.listen);
  const inOrder = [front, ...stages.flat().filter((name) => name !== front)];
  const replicas: Replica[] = [];
  const stop = (signal: NodeJS.Signals): void => replicas.forEach((replica) => replica.end(signal));
  process.on('SIGTERM', stop);
  // A terminal sends SIGINT to the child processes as well.
  process.on('SIGINT', () => undefined);
  const addresses = new Map<Name, string>();
  for (const stage of stages) {
    const environment = { SERVICE_ADDRESSES: JSON.stringify(Object.fromEntries(addresses)) };
    const started = stage.map((name) => {
      const listen = hostPort(host, port === 0 ? 0 : port + inOrder.indexOf(name));
      return { name, replica: startReplica(flagsOf(name, listen), environment) };
    });
    replicas.push(...started.map(({ replica }) => replica));
    for (const { name, replica } of started) {
      const address = await replica.address;
      if (address !== undefined) addresses.set(name, address);
    }
    if (started.some(({ name }) => !addresses.has(name))) break;
  }
  const shown = addresses.get(front);
  if (shown !== undefined) console.log(`http://${shown}/ serves all ${inOrder.length} services; Ctrl-C ends them`);
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
      const served = / serves (?:\S+ )?on (?:http:\/\/)?(\S+)$/.exec(line)?.[1];
      if (served !== undefined) servesOn(served);
    })
    .on('close', () => servesOn(undefined));
  const exitCode = once(child, 'exit').then(([code]) => Number(code ?? 1));
  return { address, exitCode, end: (signal) => void child.kill(signal) };
}
