/** Finds a controller on this machine: at the default port, else in a local mesh. */
import { request } from 'undici';
import { BallastError } from '../../contract/errors.ts';
import { CONTROLLER_PORT } from '../../contract/names.ts';

/** `kubectl port-forward` uses this port, too. */
const DEFAULT_ADDRESS = `http://127.0.0.1:${CONTROLLER_PORT}`;

/** Local meshes on one machine have the networks 127.10, 127.11, … 127.40. */
const FIRST_NETWORK = 10;
const LAST_NETWORK = 40;

/** Addresses of the controllers of local meshes. */
export const LOCAL_MESHES: readonly string[] = Array.from(
  { length: LAST_NETWORK - FIRST_NETWORK + 1 },
  (_, index) => `http://127.${FIRST_NETWORK + index}.0.2:${CONTROLLER_PORT}`,
);

/** A controller on the same machine answers within milliseconds, and an unused port refuses at once. */
const TIMEOUT_MS = 500;

async function isAlive(controller: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(new URL('/livez', controller), {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}

/**
 * Address of the controller on this machine. Without a running controller, the default address.
 * @throws BallastError INVALID_FLAG if several meshes run
 */
export async function findController(usual = DEFAULT_ADDRESS, meshes = LOCAL_MESHES): Promise<string> {
  if (await isAlive(usual)) return usual;
  const alive = await Promise.all(meshes.map(async (mesh) => ((await isAlive(mesh)) ? [mesh] : [])));
  const [found = usual, ...others] = alive.flat();
  if (others.length === 0) return found;
  throw new BallastError(
    'INVALID_FLAG',
    `--controller: several local meshes run here; choose one of ${alive.flat().join(', ')}`,
  );
}
