/** `ballast top`: a live view of nodes and replicas in the terminal, until Ctrl-C. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import pc from 'picocolors';
import { qualifiedName } from '../../contract/names.ts';
import type { Decision } from '../../contract/decision.ts';
import type { NodeInventory } from '../../contract/node-inventory.ts';
import { cores, duration, hardware, percent, short } from '../dashboard/format.js';
import { STATES } from '../dashboard/words.js';
import { askController, type ControllerFlags, withControllerOptions } from './controller-client.ts';
import { seconds } from './values.ts';

const BAR_WIDTH = 30;

const SCREEN = { enter: '\u001B[?1049h\u001B[?25l', leave: '\u001B[?25h\u001B[?1049l', home: '\u001B[H' } as const;
const CLEAR = { line: '\u001B[K', below: '\u001B[J' } as const;

interface Flags extends ControllerFlags {
  readonly interval: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

interface NodeWithInventory {
  readonly name: string;
  readonly inventory?: NodeInventory;
}

/** A bar of three parts: busy with balanced replicas, busy with the background, idle. */
function bar(busy: number, background: number, all: number): string {
  if (!(all > 0)) return '·'.repeat(BAR_WIDTH);
  const cells = (value: number): number => Math.round((BAR_WIDTH * Math.min(all, Math.max(0, value))) / all);
  const whole = cells(busy);
  const others = Math.min(whole, cells(background));
  return '█'.repeat(whole - others) + '▒'.repeat(others) + '·'.repeat(BAR_WIDTH - whole);
}

/** What nodes are made of, by name. */
type Inventories = ReadonlyMap<string, NodeInventory>;

/** A decision as at most `lines` lines, the busiest nodes and services first. */
export function topLines(
  { tick, at, nodes, services }: Decision,
  lines: number,
  inventories: Inventories = new Map(),
): string[] {
  const width = Math.max(4, ...nodes.map(({ name }) => name.length));
  const busyRatio = (node: Decision['nodes'][number]): number => (node.cores > 0 ? node.busyCores / node.cores : 0);
  const shown = [
    pc.bold(`ballast  tick ${tick}  ${new Date(at).toISOString().slice(11, 19)} UTC`),
    pc.dim('█ balanced replicas  ▒ background  · idle'),
    ...nodes
      .toSorted((a, b) => busyRatio(b) - busyRatio(a))
      .map((node) => {
        const text = `${cores(node.busyCores)} of ${cores(node.cores)} cores${node.stale ? ', silent' : ''}`;
        const inventory = inventories.get(node.name);
        const made = inventory === undefined ? '' : `  ${pc.dim(hardware(inventory))}`;
        return `${node.name.padEnd(width)} ${bar(node.busyCores, node.backgroundCores, node.cores)} ${text}${made}`;
      }),
    ...services
      .toSorted((a, b) => b.demandCores - a.demandCores)
      .flatMap((service) => [
        '',
        `${pc.bold(qualifiedName(service))} ${short(service.requestsPerSecond)} requests/s` +
          (service.paused ? ', paused' : ''),
        ...service.replicas.map((replica) =>
          [
            `  ${replica.name}`.padEnd(24),
            percent(replica.weight).padStart(7),
            bar(replica.weight, 0, 1),
            `${short(replica.requestsPerSecond)}/s`.padStart(9),
            duration(replica.meanLatencySeconds).padStart(9),
            `${replica.node}, ${STATES[replica.state].name}`,
          ].join(' '),
        ),
      ]),
  ];
  if (shown.length <= lines) return shown;
  return [...shown.slice(0, lines - 1), pc.dim(`… ${shown.length - lines + 1} more lines`)];
}

/** Asked once: it changes with the machines only. */
async function readInventories(flags: Flags): Promise<Inventories> {
  const { nodes } = await askController<{ nodes: readonly NodeWithInventory[] }>(flags, '/api/v1/nodes');
  return new Map(nodes.flatMap(({ name, inventory }) => (inventory === undefined ? [] : [[name, inventory] as const])));
}

async function show(flags: Flags, inventories: Inventories): Promise<void> {
  const decision = await askController<Decision>(flags, '/api/v1/decisions/latest');
  if (flags.json) console.log(JSON.stringify(decision));
  else console.log(topLines(decision, Infinity, inventories).join('\n'));
}

/** Overwrites the lines in place, so that the screen does not flicker. */
async function draw(flags: Flags, inventories: Inventories): Promise<void> {
  const { columns = 80, rows = 24 } = process.stdout;
  const decision = await askController<Decision>(flags, '/api/v1/decisions/latest');
  const lines = topLines(decision, rows - 1, inventories).map((line) =>
    isPlain(line) ? line.slice(0, columns) : line,
  );
  process.stdout.write(`${SCREEN.home}${lines.map((line) => `${line}${CLEAR.line}`).join('\n')}${CLEAR.below}`);
}

function isPlain(line: string): boolean {
  return !line.includes('\u001B');
}

async function top(flags: Flags): Promise<void> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  const isScreen = process.stdout.isTTY && !flags.once && !flags.json;
  const refresh = isScreen ? draw : show;
  const inventories = flags.json ? new Map<string, NodeInventory>() : await readInventories(flags);
  if (isScreen) process.stdout.write(SCREEN.enter);
  try {
    do {
      await refresh(flags, inventories);
      if (flags.once) return;
      await sleep(flags.interval * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
    } while (!stop.signal.aborted);
  } finally {
    if (isScreen) process.stdout.write(SCREEN.leave);
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}

function interval(text: string): number {
  const value = seconds(text);
  if (value < 0.25)
    throw new InvalidArgumentError('Expected 0.25s or more: the controller decides four times a second.');
  return value;
}

export function topCommand(): Command {
  return withControllerOptions(new Command('top'))
    .description('show nodes and replicas live, until Ctrl-C')
    .addOption(new Option('--interval <time>', 'time between two updates').argParser(interval).default(1, '1s'))
    .option('--once', 'print once and exit')
    .option('--json', 'print one decision per line instead of drawing')
    .action(top);
}
