/**
 * `npm run bench -- fuzz`: valid and invalid requests from the controller's OpenAPI document, against a controller
 * that decides on live reports. Every response is checked against the document: none may be a 5xx, have a status, media type or
 * body that is not documented, take what the document forbids, or refuse what it allows.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qualifiedName } from '../../../contract/names.ts';
import { type Bench, type BenchContext, type BenchResult, wholeNumber } from '../support/bench.ts';
import type { Fleet } from '../support/fleet.ts';
import { startLiveController } from '../support/live-controller.ts';
import { type Document, type KnownValues, withKnownValues } from './known-values.ts';
import { fuzz } from './schemathesis.ts';

const FLEET: Fleet = {
  nodes: ['node-1', 'node-2', 'node-3'],
  services: ['cart', 'pay'].map((name) => ({ namespace: 'shop', name })),
};

/** The controller could answer more, but limits one address (429). */
const REQUESTS_PER_SECOND = 180;

/** Titles of findings about a 5xx begin with this. */
const SERVER_ERROR = 'Server error';

async function read(url: string): Promise<Document> {
  return (await (await fetch(url)).json()) as Document;
}

/** Names that exist, and `continue` tokens of pages, which cannot be guessed. */
async function knownValues(origin: string): Promise<KnownValues> {
  const { continue: next } = (await read(`${origin}/api/v1/replicas?limit=1`)) as { continue?: string };
  if (next === undefined) throw new Error('the controller knows of one replica only');
  return {
    also: {
      namespace: ['shop'],
      name: FLEET.services.map(({ name }) => name),
      service: FLEET.services.map(qualifiedName),
      replica: ['cart-0', 'pay-2'],
      node: FLEET.nodes,
    },
    only: { continue: [next] },
  };
}

async function run({ options, progress, signal }: BenchContext): Promise<BenchResult> {
  const seconds = wholeNumber('--seconds', options['seconds'], 36_000);
  const seed = wholeNumber('--seed', options['seed'], 2 ** 31);
  const folder = await mkdtemp(join(tmpdir(), 'ballast-fuzz-'));
  try {
    await using controller = await startLiveController(FLEET);
    const { origin } = controller;
    const document = join(folder, 'openapi.json');
    const served = await read(`${origin}/api/v1/openapi.json`);
    await writeFile(document, JSON.stringify(withKnownValues(served, await knownValues(origin))));
    progress(`asking ${origin} for ${seconds} s`);
    const asked = { document, origin, seconds, seed, rate: REQUESTS_PER_SECOND, folder, signal };
    const { report, output } = await fuzz(asked);
    if (report.failures.length + report.errors.length > 0) progress(output);
    const serverErrors = report.failures.filter(({ title }) => title.startsWith(SERVER_ERROR));
    return {
      rounds: report.failures.map(({ title, count, operations }) => ({
        finding: title,
        operations: operations.join(', '),
        count,
      })),
      summary: {
        requests: report.test_cases.generated,
        seconds: Math.round(report.running_time),
        operations: report.operations.tested,
        server_errors: serverErrors.reduce((sum, { count }) => sum + count, 0),
        findings: report.failures.reduce((sum, { count }) => sum + count, 0),
        errors: report.errors.length,
      },
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

export const bench: Bench = {
  description: 'Requests made of the OpenAPI document against a live controller, judged by it (schemathesis)',
  options: [
    { flags: '--seconds <count>', description: 'how long to ask', default: '300' },
    { flags: '--seed <number>', description: 'of the requests', default: '1' },
  ],
  run,
};
