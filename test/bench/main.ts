/**
 * `npm run bench -- <name> [--json]`. A benchmark is a file `<name>.ts` beside this one, or `<name>/main.ts`, that
 * exports `bench`; it is found by its name and loaded only when it is run.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Bench, BenchResult } from './support/bench.ts';

const here = import.meta.dirname;

/** Benchmarks by name, with the file that holds each. */
function findBenches(): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(here, { withFileTypes: true })) {
    const nested = join(here, entry.name, 'main.ts');
    if (entry.isDirectory() && existsSync(nested)) found.set(entry.name, nested);
    if (entry.isFile() && entry.name.endsWith('.ts') && entry.name !== 'main.ts') {
      found.set(entry.name.slice(0, -3), join(here, entry.name));
    }
  }
  return found;
}

function isBench(value: unknown): value is Bench {
  return typeof value === 'object' && value !== null && 'run' in value && typeof value.run === 'function';
}

async function load(file: string): Promise<Bench> {
  const loaded: unknown = await import(pathToFileURL(file).href);
  const bench = typeof loaded === 'object' && loaded !== null && 'bench' in loaded ? loaded.bench : undefined;
  if (!isBench(bench)) throw new Error(`${file}: must export \`bench\` with a function \`run\``);
  return bench;
}

function cell(value: number | string | undefined): string {
  if (typeof value !== 'number') return value ?? '';
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}

function printTables(result: BenchResult): void {
  const columns = [...new Set(result.rounds.flatMap((round) => Object.keys(round)))];
  if (columns.length > 0) {
    const rounds = new Table({ head: columns, style: { head: [], border: [] } });
    for (const round of result.rounds) rounds.push(columns.map((column) => cell(round[column])));
    console.log(rounds.toString());
  }
  const summary = new Table({ head: ['summary', ''], style: { head: [], border: [] }, colAligns: ['left', 'right'] });
  for (const [key, value] of Object.entries(result.summary)) summary.push([key, cell(value)]);
  console.log(summary.toString());
}

/** The command as it is before the benchmark, and with it its options, is known. */
function overview(benches: readonly (readonly [name: string, description: string])[]): Command {
  const command = new Command('bench')
    .description('Runs one benchmark and prints its figures. `bench <name> --help` tells its options.')
    .option('--json', 'print one object: name, rounds (raw figures), summary (flat)');
  for (const [name, description] of benches) command.command(name).description(description);
  return command.helpCommand(false);
}

function commandOf(name: string, bench: Bench): Command {
  const command = new Command(`bench ${name}`)
    .description(bench.description)
    .option('--json', 'print one object: name, rounds (raw figures), summary (flat)');
  for (const option of bench.options ?? []) command.option(option.flags, option.description, option.default);
  return command;
}

async function main(): Promise<void> {
  const benches = findBenches();
  const names = [...benches.keys()].toSorted();
  const typed = process.argv.slice(2);
  const name = typed.find((argument) => !argument.startsWith('-'));
  if (name === undefined) {
    const described = names.map(async (each) => [each, (await load(benches.get(each) ?? '')).description] as const);
    return void overview(await Promise.all(described)).parse();
  }
  const file = benches.get(name);
  if (file === undefined) {
    return overview([]).error(`error: no benchmark is called '${name}'; there are: ${names.join(', ')}`);
  }

  const bench = await load(file);
  const rest = typed.filter((_, index) => index !== typed.indexOf(name));
  const command = commandOf(name, bench).parse(rest, { from: 'user' });
  const { json = false, ...options } = command.opts<{ json?: boolean } & Record<string, string>>();

  const abort = new AbortController();
  const stop = (): void => abort.abort(new Error('interrupted'));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const result = await bench.run({ progress: (line) => console.error(line), signal: abort.signal, options });
  if (json) console.log(JSON.stringify({ name, ...result }, null, 2));
  else printTables(result);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
