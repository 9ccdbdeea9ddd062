/** Schemathesis makes valid and invalid requests from an OpenAPI document, and checks the responses against it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ensurePythonProgram, type PythonProgram, pythonOf } from '../../../tools/install/python-program.ts';

const SCHEMATHESIS: PythonProgram = {
  title: 'Schemathesis',
  package: 'schemathesis',
  version: '4.32.5',
  folder: 'schemathesis',
  program: 'bin/schemathesis',
};

/** Media types of endless responses. Schemathesis would wait for their end. */
const ENDLESS = ['text/event-stream', 'application/x-ndjson'];

/** A media type that it does not know: lines of JSON, here a single one. */
const START = `
import json, schemathesis
from schemathesis.cli import schemathesis as run
@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()
run()
`;

export interface Fuzzing {
  /** Path of the OpenAPI document. */
  readonly document: string;
  /** Origin of the API. */
  readonly origin: string;
  readonly seconds: number;
  /** The same seed makes the same requests while the responses are the same. */
  readonly seed: number;
  /** Most requests per second. */
  readonly rate: number;
  /** A folder for its files. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** The part of its report that is read here. */
export interface FuzzReport {
  readonly running_time: number;
  readonly operations: { readonly selected: number; readonly tested: number };
  readonly test_cases: { readonly generated: number; readonly with_failures: number; readonly errored: number };
  readonly failures: readonly {
    readonly title: string;
    readonly code: string;
    readonly count: number;
    readonly operations: readonly string[];
  }[];
  readonly errors: readonly unknown[];
}

export interface Fuzzed {
  readonly report: FuzzReport;
  /** Its output: each failure with a request that shows it. */
  readonly output: string;
}

interface Described {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { responses?: Readonly<Record<string, { content?: object }>> }>>>
  >;
}

/** Paths of an OpenAPI document with an operation whose answer does not end. Pure. */
export function endlessPaths({ paths }: Described): string[] {
  const isEndless = ({ content = {} }: { content?: object }) => ENDLESS.some((type) => type in content);
  return Object.entries(paths)
    .filter(([, operations]) =>
      Object.values(operations).some(({ responses = {} }) => Object.values(responses).some(isEndless)),
    )
    .map(([path]) => path);
}

/** @throws BallastError MISSING_TOOL if it cannot be installed; Error with its output if it did not run */
export async function fuzz({ document, origin, seconds, seed, rate, folder, signal }: Fuzzing): Promise<Fuzzed> {
  const python = pythonOf(await ensurePythonProgram(SCHEMATHESIS));
  const file = join(folder, 'report.json');
  const endless = endlessPaths(JSON.parse(await readFile(document, 'utf8')) as Described);
  const settings = {
    url: origin,
    'max-time': seconds,
    seed,
    'rate-limit': `${rate}/s`,
    'request-timeout': 10,
    'generation-database': 'none',
    warnings: 'off',
    report: 'json',
    'report-json-path': file,
  };
  const args = [
    'run',
    document,
    '--continue-on-failure',
    ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
    ...endless.map((path) => `--exclude-path=${path}`),
  ];
  const command = ['-c', START, '--no-color', ...args];
  const child = spawn(python, command, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], signal });
  const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  try {
    return { report: JSON.parse(await readFile(file, 'utf8')) as FuzzReport, output };
  } catch (cause) {
    throw new Error(`schemathesis did not run:\n${output}${complaint}`, { cause });
  }
}
