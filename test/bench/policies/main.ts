/**
 * The balancers that Envoy has, and Ballast, in one mesh of real proxies, replicas, agents and controller: p99 under
 * several conditions, and the highest rate at which p99 stays low. In each round every balancer meets every condition.
 */
import { join } from 'node:path';
import { BallastError } from '../../../contract/errors.ts';
import { ARRIVALS, type Arrivals } from '../../../tools/load-generator/workload/arrivals.ts';
import type { Bench, BenchContext, BenchResult, Round } from '../support/bench.ts';
import { CONDITIONS, type Condition } from './conditions.ts';
import { summarise } from './figures.ts';
import { measureBlocks } from './measure.ts';
import { planBlocks } from './plan.ts';
import { Records } from './records.ts';
import { writeDocs } from './report.ts';

const RESULTS = join('results', 'policies');
/** With fewer rounds the documentation stays as it is. */
const ROUNDS = 5;
const MAX_RATE = 'max_rate';
/** CPU that something else may take without being mentioned. */
const OTHERS_CORES = 0.2;
const NAMES = [...CONDITIONS.map(({ name }) => name), MAX_RATE];

interface Choice {
  readonly rounds: number;
  readonly arrivals: Arrivals;
  readonly conditions: readonly Condition[];
  readonly maxRate: boolean;
}

function readOptions({ rounds = '', only = '', arrivals = '' }: Readonly<Record<string, string>>): Choice {
  const count = Number(rounds);
  if (!Number.isInteger(count) || count < 1) {
    throw new BallastError('INVALID_FLAG', `--rounds ${rounds} is not a whole number from 1`);
  }
  const come = ARRIVALS.find((name) => name === arrivals);
  if (come === undefined) {
    throw new BallastError('INVALID_FLAG', `--arrivals ${arrivals} is none of: ${ARRIVALS.join(', ')}`);
  }
  const chosen = only.split(',').map((name) => name.trim());
  const unknown = chosen.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    throw new BallastError('INVALID_FLAG', `--only ${unknown} is none of: ${NAMES.join(', ')}`);
  }
  const conditions = CONDITIONS.filter(({ name }) => chosen.includes(name));
  return { rounds: count, arrivals: come, conditions, maxRate: chosen.includes(MAX_RATE) };
}

function rows({ cells, maxRates, failures }: Records): Round[] {
  return [
    ...cells.map((cell) => ({ ...cell })),
    ...maxRates.map((found) => ({ condition: `${MAX_RATE}_${found.race}`, ...found })),
    ...failures.map((failure) => ({ ...failure })),
  ];
}

async function run(context: BenchContext): Promise<BenchResult> {
  const { rounds, arrivals, conditions, maxRate } = readOptions(context.options);
  const records = new Records(RESULTS, arrivals);
  context.progress(`Every figure is kept in ${records.file} as it comes.`);
  await measureBlocks(planBlocks(rounds, conditions, maxRate), records, context);
  if (records.cells.length + records.maxRates.length === 0) throw new Error('nothing could be measured');
  const whole = rounds >= ROUNDS && conditions.length === CONDITIONS.length && maxRate && !context.signal.aborted;
  const summary = summarise(
    records,
    conditions.map(({ name }) => name),
  );
  const written = await writeDocs(records, whole ? 'docs' : RESULTS);
  context.progress(`Table and picture: ${written.join(', ')}`);
  const { others_cores: others = 0 } = summary;
  if (others > OTHERS_CORES) {
    context.progress(`Something else took ${others.toFixed(2)} cores meanwhile, which blurs the figures.`);
  }
  return { rounds: rows(records), summary: { ...summary, rounds } };
}

export const bench: Bench = {
  description:
    'Tail latency and highest rate under Envoy’s balancers and Ballast. A whole run renews the table and picture in docs',
  options: [
    { flags: '--rounds <count>', description: 'how often everything is measured', default: String(ROUNDS) },
    {
      flags: '--arrivals <kind>',
      description: `${ARRIVALS.join(' or ')}: at even intervals, or as many users are`,
      default: 'poisson',
    },
    { flags: '--only <conditions>', description: 'some of the conditions, by commas', default: NAMES.join(',') },
  ],
  run,
};
