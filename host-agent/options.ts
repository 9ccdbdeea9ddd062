/** The agent's command line. Every flag may come from the environment instead, as a DaemonSet sets it. */
import { hostname } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type BaseAddress, parseBaseAddress } from '../contract/base-address.ts';
import { AGENT_PORT, CONTROLLER_PORT } from '../contract/names.ts';
import { cpuList } from './sample/fields.ts';

const DEFAULT_CONTROLLER = new URL(`http://ballast-controller.ballast-system.svc.cluster.local:${CONTROLLER_PORT}/`);

export interface AgentOptions {
  readonly node: string;
  readonly controller: BaseAddress;
  readonly listen: { readonly host: string; readonly port: number };
  readonly cgroupRoot: string;
  /** Relative to the hierarchies' mounts, without slashes at its ends. */
  readonly nodeCgroup: string | undefined;
  readonly processes: string | undefined;
  readonly cpus: ReadonlySet<number> | undefined;
  readonly intervalMs: number;
  readonly plugin: string | undefined;
  /** File that keeps what CPU settings were before; undefined: none may be changed. */
  readonly cpuControl: string | undefined;
  readonly podUid: string | undefined;
  /** Of the agent's own pod, in thousandths of a core. */
  readonly podCpuRequest: number | undefined;
}

function parseController(text: string): BaseAddress {
  const address = parseBaseAddress(text);
  if (address.ok) return address.value;
  throw new InvalidArgumentError(`${address.failure.message}.`);
}

function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:(.*):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65535) throw new InvalidArgumentError('Must be [host:]port such as 0.0.0.0:15080.');
  return { host: (match[1] ?? '0.0.0.0').replace(/^\[(.*)\]$/, '$1'), port };
}

function parseInterval(text: string): number {
  const interval = Number(text);
  if (!Number.isInteger(interval) || interval < 50 || interval > 10_000) {
    throw new InvalidArgumentError('Must be from 50 to 10000.');
  }
  return interval;
}

function parseMilliCores(text: string): number {
  const milliCores = Number(text);
  if (text === '' || !Number.isInteger(milliCores) || milliCores < 0) {
    throw new InvalidArgumentError('Must be a whole number of thousandths of a core, such as 20.');
  }
  return milliCores;
}

function parseCpus(text: string): ReadonlySet<number> {
  const cpus = cpuList(text);
  if (cpus === undefined) throw new InvalidArgumentError('Must be a list such as 0-3,8.');
  return cpus;
}

function parseGroup(text: string): string {
  const path = text.replace(/^\/+|\/+$/g, '');
  if (path.split('/').includes('..')) throw new InvalidArgumentError('Must not lead out of the hierarchy.');
  return path;
}

export function agentCommand(): Command {
  return new Command('host-agent')
    .description("Samples the CPU of this node's replicas for the controller and serves its proxies their table.")
    .addOption(
      new Option('--node <name>', 'name of this node in the cluster')
        .env('NODE_NAME')
        .default(hostname(), 'name of the host'),
    )
    .addOption(
      new Option('--controller <url>', 'where the controller is')
        .env('BALLAST_CONTROLLER')
        .argParser(parseController)
        .default({ url: DEFAULT_CONTROLLER }, DEFAULT_CONTROLLER.href),
    )
    .addOption(
      new Option('--listen <[host:]port>', 'where to serve the proxies')
        .env('BALLAST_LISTEN')
        .argParser(parseListen)
        .default({ host: '0.0.0.0', port: AGENT_PORT }, `0.0.0.0:${AGENT_PORT}`),
    )
    .addOption(
      new Option('--cgroup-root <directory>', 'where cgroups are mounted, of either version')
        .env('BALLAST_CGROUP_ROOT')
        .default('/sys/fs/cgroup'),
    )
    .addOption(
      new Option(
        '--node-cgroup <path>',
        'cgroup that stands for the node, relative to the mounts (default: the root, which is the machine or its container)',
      )
        .env('BALLAST_NODE_CGROUP')
        .argParser(parseGroup),
    )
    .addOption(
      new Option('--processes <file>', 'JSON file {"<pod uid>": [pid, ...]}: replicas that are plain processes').env(
        'BALLAST_PROCESSES',
      ),
    )
    .addOption(
      new Option('--cpus <list>', 'CPUs that make up the node, such as 0-1 (default: all)')
        .env('BALLAST_CPUS')
        .argParser(parseCpus),
    )
    .addOption(
      new Option('--interval-ms <ms>', 'time between samples')
        .env('BALLAST_INTERVAL_MS')
        .argParser(parseInterval)
        .default(250),
    )
    .addOption(
      new Option(
        '--plugin <file>',
        'WebAssembly module to serve to Istio under /plugin/<its SHA-256>/ballast.wasm (default: none)',
      ).env('BALLAST_PLUGIN'),
    )
    .addOption(
      new Option(
        '--cpu-control <file>',
        "let policies set replicas' CPU shares and quotas; the file keeps what was there before (default: leave alone)",
      ).env('BALLAST_CPU_CONTROL'),
    )
    .addOption(
      new Option(
        '--pod-uid <uid>',
        "UID of the agent's own pod, whose cpu.weight shows how kubelet computes weights on this node",
      ).env('POD_UID'),
    )
    .addOption(
      new Option('--pod-cpu-request <millicores>', "CPU that the agent's own pod requests, in thousandths of a core")
        .env('POD_CPU_REQUEST')
        .argParser(parseMilliCores),
    );
}

/** Reads the command line; prints help or what is wrong and ends the process where that is called for. */
export function parseOptions(argv: readonly string[]): AgentOptions {
  return agentCommand().parse(argv).opts<AgentOptions>();
}
