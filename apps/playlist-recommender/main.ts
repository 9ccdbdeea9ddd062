#!/usr/bin/env node
/** Command line of the playlist recommender: the service, the miner of its rules, a client, and a data set. */
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { BallastError, describeFailure } from '../../contract/errors.ts';
import { readCount, readInterval, readSeed, readServiceUrl, readShare } from './flags.ts';
import { DEFAULT_THRESHOLDS } from './miner/association-rules.ts';
import { ModelFolder } from './model/model-folder.ts';

const DEFAULT_VERSION = '1.0.0';

const dataOption = () => new Option('--data <dir>', 'folder of the rules').env('DATA_DIR').default('playlist-data');

interface ServeFlags {
  readonly listen: string;
  readonly data: string;
  readonly poll: string;
  readonly generated?: boolean;
}

async function serve(flags: ServeFlags): Promise<void> {
  const [{ runService }, { ModelWatch }, { createServer, NO_RULES }] = await Promise.all([
    import('../service/run-service.ts'),
    import('./service/model-watch.ts'),
    import('./service/server.ts'),
  ]);
  const intervalMs = readInterval('--poll', flags.poll);
  const folder = new ModelFolder(flags.data);
  if (flags.generated) await mineGenerated(folder);
  const watch = new ModelWatch(folder, (text) => console.log(text));
  const server = createServer(() => watch.model);
  server.addHook('onClose', async () => watch.stop());
  await runService(server, {
    pod: process.env['POD_NAME'] ?? 'playlist-recommender-0',
    listen: flags.listen,
    notReady: () => (watch.model ? undefined : NO_RULES),
  });
  await watch.run(intervalMs);
}

/** Gives the folder rules of the generated data set, unless it has rules. */
async function mineGenerated(folder: ModelFolder): Promise<void> {
  const checkpoint = await folder.readCheckpoint();
  if (!checkpoint.ok || checkpoint.value) return;
  const { mineRules } = await import('./miner/mine-rules.ts');
  const options = { dataset: 'generated:', version: DEFAULT_VERSION, ...DEFAULT_THRESHOLDS };
  const mined = await mineRules(folder, options, () => new Date());
  if (!mined.ok) throw new BallastError(mined.failure.code, mined.failure.message);
}

interface MineFlags {
  readonly dataset: string;
  readonly data: string;
  readonly version: string;
  readonly minSupport: string;
  readonly minConfidence: string;
  readonly maxSongs: string;
  readonly maxRules: string;
  readonly maxTime: string;
  readonly json?: boolean;
}

async function mine(flags: MineFlags): Promise<void> {
  const { mineRules } = await import('./miner/mine-rules.ts');
  const { dataset, version } = flags;
  const minSupport = readShare('--min-support', flags.minSupport);
  const minConfidence = readShare('--min-confidence', flags.minConfidence);
  const maxSongs = readCount('--max-songs', flags.maxSongs, { from: 2, to: 20 });
  const maxRules = readCount('--max-rules', flags.maxRules, { from: 1, to: 5_000_000 });
  const maxSeconds = readInterval('--max-time', flags.maxTime) / 1000;
  const options = { dataset, version, minSupport, minConfidence, maxSongs, maxRules, maxSeconds };
  const mined = await mineRules(new ModelFolder(flags.data), options, () => new Date());
  if (!mined.ok) throw new BallastError(mined.failure.code, mined.failure.message);
  const { changed, checkpoint, rules, cut } = mined.value;
  if (cut !== undefined) console.error(cut);
  if (flags.json) console.log(JSON.stringify({ changed, ...checkpoint, ...(cut !== undefined && { cut }) }));
  else if (changed) console.log(`mined version ${version}, ${rules} rules: ${flags.data}/${checkpoint.rules}`);
  else console.log(`nothing to do: the rules of ${checkpoint.date} are of this data set and version`);
}

interface AskFlags {
  readonly url: string;
  readonly continuous?: boolean;
  readonly interval: string;
  readonly json?: boolean;
}

async function askFor(songs: readonly string[], flags: AskFlags): Promise<void> {
  const { ask, askContinuously } = await import('./client/ask.ts');
  const service = readServiceUrl('--url', flags.url);
  const intervalMs = readInterval('--interval', flags.interval);
  if (!flags.continuous) {
    const answer = await ask(service, songs);
    console.log(flags.json ? JSON.stringify(answer) : answer.songs.join('\n'));
    return;
  }
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
  await askContinuously(service, songs, {
    intervalMs,
    signal: ended.signal,
    now: () => new Date(),
    print: (line) => console.log(line),
    warn: (message) => console.error(message),
  });
}

async function generate(flags: { readonly seed: string }): Promise<void> {
  const { generatePlaylists, playlistsCsv } = await import('./dataset/generate.ts');
  process.stdout.write(playlistsCsv(generatePlaylists(readSeed('--seed', flags.seed))));
}

const program = new Command('playlist-recommender').description(
  'Recommends songs that go with given ones, by rules that are mined from playlists.',
);

program
  .command('serve', { isDefault: true })
  .description('answer POST /api/recommend; ready once there are rules (the default)')
  .option('--listen <ip:port>', 'address to serve HTTP on; port 0 takes any free one', '127.0.0.1:52004')
  .addOption(dataOption())
  .option('--poll <time>', 'how often to look for newer rules', '1s')
  .option('--generated', 'mine the generated data set first if the folder has no rules: to try the service alone')
  .addHelpText('after', '\nPOD_NAME is the name in x-served-by (default: playlist-recommender-0).')
  .action(serve);

program
  .command('mine')
  .description('mine the rules, unless neither data set nor version have changed')
  .addOption(
    new Option('--dataset <url>', 'CSV of playlists: an http, https or file URL, or generated: for the one made here')
      .env('DATASET_URL')
      .makeOptionMandatory(),
  )
  .addOption(dataOption())
  .addOption(new Option('--version <text>', 'version of the model').env('MODEL_VERSION').default(DEFAULT_VERSION))
  .option(
    '--min-support <share>',
    'minimum fraction of the playlists with all songs of a rule',
    String(DEFAULT_THRESHOLDS.minSupport),
  )
  .option(
    '--min-confidence <share>',
    'minimum fraction of those with the antecedent that also have the consequent',
    String(DEFAULT_THRESHOLDS.minConfidence),
  )
  .option(
    '--max-songs <n>',
    'maximum number of songs in a rule, antecedent and consequent together',
    String(DEFAULT_THRESHOLDS.maxSongs),
  )
  .option('--max-rules <n>', 'beyond this, rules with more songs are left out', String(DEFAULT_THRESHOLDS.maxRules))
  .option(
    '--max-time <time>',
    'time of the search; after it, rules with more songs are left out',
    `${DEFAULT_THRESHOLDS.maxSeconds}s`,
  )
  .option('--json', 'print the checkpoint as one JSON object')
  .action(mine);

program
  .command('ask')
  .description('ask the service which songs go with these')
  .argument('<songs...>', 'names of songs')
  .option('--url <url>', 'the service', 'http://127.0.0.1:52004')
  .option('-c, --continuous', 'go on until Ctrl-C: a line of CSV whenever version or date of the model change')
  .option('--interval <time>', 'with -c: pause between two requests', '1s')
  .option('--json', 'print the answer as one JSON object')
  .action(askFor);

program
  .command('generate')
  .description('print the generated data set as CSV')
  .option('--seed <n>', 'same seed, same playlists', '1')
  .action(generate);

await program.parseAsync().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`${pc.red('error:')} ${error instanceof BallastError ? describeFailure(error) : message}`);
  process.exitCode = error instanceof BallastError && error.code === 'INVALID_FLAG' ? 2 : 1;
});
