/** Installs programs that are Python packages, with their dependencies, once into the user's cache folder. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BallastError } from '../../contract/errors.ts';
import { cacheFolder, exists } from './cache.ts';

const run = promisify(execFile);

export interface PythonProgram {
  /** Name in messages. */
  readonly title: string;
  /** Name in the package index. */
  readonly package: string;
  readonly version: string;
  /** Name of its folder in the cache, before the version. */
  readonly folder: string;
  /** Path in that folder of a file that exists after the installation. */
  readonly program: string;
  /** Makes `program` if the package alone does not. `step` runs a command and returns its output. */
  readonly finish?: (folder: string, step: Step) => Promise<void>;
}

/**
 * Runs a command of the installation. @throws BallastError MISSING_TOOL with what the command output, and the remedy
 */
export type Step = (command: string, args: readonly string[], remedy: string) => Promise<string>;

function stepOf({ title, version }: PythonProgram): Step {
  return async (command, args, remedy) => {
    try {
      const { stdout } = await run(command, args);
      return stdout.trim();
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
      const output = code === 'ENOENT' ? `${command} was not found` : `${stderr}${stdout}`.trim().slice(-600);
      const message = `${title} ${version} cannot be installed: ${output}. ${remedy}`;
      throw new BallastError('MISSING_TOOL', message, { cause: error });
    }
  };
}

/**
 * The Python interpreter of an environment. Scripts beside it contain the path of the folder that they were made in.
 */
export function pythonOf(folder: string): string {
  return join(folder, 'bin', 'python3');
}

async function install(program: PythonProgram, folder: string): Promise<void> {
  const step = stepOf(program);
  await step('python3', ['-m', 'venv', folder], 'Install python3 (3.10 or newer) with its venv module (python3-venv)');
  await step(
    pythonOf(folder),
    ['-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', `${program.package}==${program.version}`],
    'The package index must be reachable by pip, and have a build for this platform',
  );
  await program.finish?.(folder, step);
}

/**
 * Folder of the program, which is installed first if it is missing. Several processes may call this at the same time:
 * each builds its own folder, and the first to finish moves it into place.
 * @throws BallastError MISSING_TOOL if python3, its venv module or the package is not available
 */
export async function ensurePythonProgram(program: PythonProgram): Promise<string> {
  const cache = cacheFolder();
  const home = join(cache, `${program.folder}-${program.version}`);
  const path = join(home, program.program);
  if (await exists(path)) return home;
  await mkdir(cache, { recursive: true });
  const building = await mkdtemp(`${home}-`);
  try {
    await install(program, building);
    await rename(building, home).catch(async () => {
      // Another process was first, or an interrupted attempt left a folder without the program.
      if (await exists(path)) return;
      await rm(home, { recursive: true, force: true });
      await rename(building, home);
    });
    return home;
  } catch (error) {
    if (await exists(path)) return home;
    throw error;
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}
