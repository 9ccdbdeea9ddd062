#!/usr/bin/env node
/** Runs one replica of the converter. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { BallastError, describeFailure } from '../../contract/errors.ts';
import { hostPort } from '../../contract/host-port.ts';
import { type ListenAddress, parseSeconds, readListenAddress } from '../service/flags.ts';
import { runService } from '../service/run-service.ts';
import { converterServer } from './http/converter-server.ts';
import { type ListPeers, peersByName, peersInFolder } from './results/peer-addresses.ts';
import { Peers } from './results/peers.ts';
import { ResultStore } from './results/result-store.ts';

const MEBI = 2 ** 20;

function atMost(limit: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (value > 0 && value <= limit) return value;
    throw new InvalidArgumentError(`Must be a number above 0, at most ${limit}.`);
  };
}

function seconds(text: string): number {
  const value = parseSeconds(text);
  if (value !== undefined && value <= 86_400) return value;
  throw new InvalidArgumentError('Must be a time such as 30s, 10m or 1h, at most 24h.');
}

interface Flags {
  readonly listen: string;
  readonly peers?: string;
  readonly peersFolder?: string;
  readonly maxFile: number;
  readonly maxPixels: number;
  readonly uploadMemory: number;
  readonly keep: number;
  readonly maxResults: number;
  readonly resultMemory: number;
}

const flags = new Command('pdf-converter')
  .description('Runs one replica of a service that makes a PDF of a JPEG: the form is at /, POST / converts.')
  .option('--listen <ip:port>', 'address to serve HTTP on; port 0 takes any free one', '127.0.0.1:8080')
  .option('--peers <name:port>', 'where all replicas are: a name that has the addresses of all (a headless Service)')
  .option('--peers-folder <directory>', 'without DNS: a folder that all replicas see, where each leaves its address')
  .option('--max-file <MiB>', 'largest JPEG', atMost(100), 10)
  .option('--max-pixels <millions>', 'most pixels of a picture', atMost(1000), 32)
  .option(
    '--upload-memory <MiB>',
    'what all uploads together may take; above that they are told to wait',
    atMost(4096),
    96,
  )
  .addOption(new Option('--keep <time>', 'how long a result can be fetched').argParser(seconds).default(600, '10m'))
  .option('--max-results <n>', 'most results kept; then the oldest go', atMost(1e6), 500)
  .option('--result-memory <MiB>', 'what all results together may take; then the oldest go', atMost(4096), 64)
  .addHelpText('after', '\nEnvironment: POD_NAME, name of this replica; POD_IP, its address where --listen is 0.0.0.0.')
  .parse()
  .opts<Flags>();

/** @param own address of this replica, known once it listens */
function listPeers(own: Promise<ListenAddress>): ListPeers {
  const { peers, peersFolder } = flags;
  if (peersFolder !== undefined) {
    const list = own.then(async (address) => peersInFolder(peersFolder, address));
    return async () => (await list)();
  }
  return peers === undefined ? async () => [] : peersByName(readListenAddress(peers, '--peers'));
}

try {
  const { promise: own, resolve: listensAt } = Promise.withResolvers<ListenAddress>();
  const peers = listPeers(own);
  const keepSeconds = flags.keep;
  const server = await converterServer({
    maxFileBytes: flags.maxFile * MEBI,
    maxPixels: flags.maxPixels * 1e6,
    maxUploadBytes: flags.uploadMemory * MEBI,
    keepSeconds,
    address: own.then(({ host, port }) => hostPort(host, port)),
    results: new ResultStore({
      keepSeconds,
      maxResults: Math.ceil(flags.maxResults),
      maxBytes: Math.ceil(flags.resultMemory * MEBI),
    }),
    peers: new Peers(peers),
  });
  const pod = process.env['POD_NAME'] ?? 'pdf-converter-0';
  await runService(server, {
    pod,
    listen: flags.listen,
    async onListening({ host, port }) {
      listensAt({ host: process.env['POD_IP'] ?? host, port });
      // Waits until the address is in the folder, so that the peers find it there.
      if (flags.peersFolder !== undefined) await peers();
    },
  });
} catch (error) {
  console.error(error instanceof BallastError ? `error: ${describeFailure(error)}` : error);
  process.exitCode = 2;
}
