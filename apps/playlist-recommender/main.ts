#!/usr/bin/env node
/** Command line of the playlist recommender: the service, the miner of its rules, a client, and a data set. */
import { Argument, Command, Option } from 'commander';
import pc from 'picocolors';
import { BallastError, describeFailure } from '../../contract/errors.ts';
import { CODE_VERSION, readCount, readInterval, readSeed, readServiceUrl, readShare, readVersion } from './flags.ts';
import { DEFAULT_THRESHOLDS } from './miner/association-rules.ts';
import { EXPERIMENTS, type Experiment } from './experiment/measure.ts';
import { ModelFolder } from './model/model-folder.ts';

const DEFAULT_VERSION = '1.0.0';

const dataOption = () => new Option('--data <dir>', 'folder of the rules').env('DATA_DIR').default('playlist-data');

interface ServeFlags {
  readonly listen: string;
  readonly data: string;
  readonly poll: string;
  readonly version: string;
  readonly generated?: boolean;
}

async function serve(flags: ServeFlags): Promise<void> {
  const [{ runService }, { ModelWatch }, { createServer, NO_RULES }] = await Promise.all([
    import('../service/run-service.ts'),
    import('./service/model-watch.ts'),
    import('./service/server.ts'),
  ]);
  const version = readVersion('--version (or APP_VERSION)', flags.version);
  const intervalMs = readInterval('--poll', flags.poll);
  const folder = new ModelFolder(flags.data);
  if (flags.generated) await mineGenerated(folder);
  const watch = new ModelWatch(folder, (text) => console.log(text));
  const server = createServer(() => watch.model, version);
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
  const { changed, checkpoint, rules, seconds, cut } = mined.value;
  if (cut !== undefined) console.error(cut);
  if (flags.json)
    console.log(JSON.stringify({ changed, ...checkpoint, count: rules, seconds, ...(cut !== undefined && { cut }) }));
  else if (changed)
    console.log(`mined version ${version}, ${rules} rules in ${seconds} s: ${flags.data}/${checkpoint.rules}`);
  else console.log(`nothing to do: the rules of ${checkpoint.date} are of this data set and version`);
}

interface AskFlags {
  readonly url: string;
  readonly continuous?: boolean;
  readonly interval: string;
  readonly changes?: boolean;
  readonly json?: boolean;
}

async function askFor(songs: readonly string[], flags: AskFlags): Promise<void> {
  const service = readServiceUrl('--url', flags.url);
  const intervalMs = readInterval('--interval', flags.interval);
  if (!flags.continuous) {
    const { ask } = await import('./client/ask.ts');
    const { recommendation } = await ask(service, songs);
    const { version, model_date: date } = recommendation;
    console.log(
      flags.json
        ? JSON.stringify(recommendation)
        : [...recommendation.songs, `(version ${version}, rules of ${date})`].join('\n'),
    );
    return;
  }
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
  const { askContinuously } = await import('./client/ask-continuously.ts');
  await askContinuously(service, songs, {
    intervalMs,
    signal: ended.signal,
    now: () => new Date(),
    onlyChanges: flags.changes ?? false,
    print: (line) => console.log(line),
  });
}

interface ExperimentFlags {
  readonly url: string;
  readonly song: readonly string[];
  readonly replicas: string;
  readonly interval: string;
  readonly before: string;
  readonly settle: string;
  readonly timeout: string;
  readonly json?: boolean;
}

async function experimentWith(
  experiment: Experiment,
  command: readonly string[],
  flags: ExperimentFlags,
): Promise<void> {
  const [{ runExperiment }, { describeMeasured }] = await Promise.all([
    import('./experiment/run-experiment.ts'),
    import('./experiment/describe.ts'),
  ]);
  const measured = await runExperiment({
    experiment,
    command,
    service: readServiceUrl('--url', flags.url),
    songs: flags.song,
    replicas: readCount('--replicas', flags.replicas, { from: 1, to: 1000 }),
    intervalMs: readInterval('--interval', flags.interval),
    beforeMs: readInterval('--before', flags.before),
    settleMs: readInterval('--settle', flags.settle),
    timeoutMs: readInterval('--timeout', flags.timeout),
  });
  console.log(flags.json ? JSON.stringify(measured) : describeMeasured(measured));
  if (!measured.effect) process.exitCode = 1;
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
  .addOption(new Option('--version <text>', 'version to answer with').env('APP_VERSION').default(CODE_VERSION))
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
  .option('-c, --continuous', 'go on until Ctrl-C: a line of CSV for each request')
  .option('--changes', 'with -c: only when version, date of the model or error change')
  .option('--interval <time>', 'with -c: pause between two requests', '1s')
  .option('--json', 'print the answer as one JSON object')
  .action(askFor);

program
  .command('experiment')
  .description('measure when a change takes effect, and how long no request is answered meanwhile')
  .addArgument(new Argument('<what>', 'what the command changes').choices(EXPERIMENTS))
  .argument('<command...>', 'after --: the program that changes it, with its arguments')
  .option('--url <url>', 'the service, or the gateway before it', 'http://127.0.0.1:52004')
  .option('--song <name...>', 'songs to ask with', ['Kind Highway'])
  .option('--replicas <n>', 'of replicas: how many there are afterwards', '2')
  .option('--interval <time>', 'pause between two requests', '50ms')
  .option('--before <time>', 'how long to ask before the change', '3s')
  .option('--settle <time>', 'the change is there when nothing old is seen for so long', '5s')
  .option('--timeout <time>', 'it must be there by then', '5m')
  .option('--json', 'print one JSON object')
  .addHelpText('after', '\nExit code 1: the change was not there in time, or the command failed.')
  .action(experimentWith);

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
