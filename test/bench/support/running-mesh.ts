/** A local mesh for one measurement. */
import { LocalMesh } from '../../../tools/local-mesh/mesh/mesh.ts';
import type { MeshSettings } from '../../../tools/local-mesh/mesh/settings.ts';
import type { BenchContext } from './bench.ts';

/**
 * Starts the mesh, lets `use` measure, and always removes the mesh. `signal` is aborted on Ctrl-C and when a
 * process of the mesh ended by itself, since later measurements are then worthless.
 */
export async function withRunningMesh<T>(
  settings: MeshSettings,
  context: BenchContext,
  use: (mesh: LocalMesh, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const mesh = new LocalMesh(settings);
  const signal = AbortSignal.any([context.signal, mesh.broken]);
  try {
    for (const step of mesh.steps) {
      signal.throwIfAborted();
      context.progress(`${step.title}: ${(await step.run()) ?? 'done'}`);
    }
    return await use(mesh, signal);
  } finally {
    await mesh.stop();
  }
}
