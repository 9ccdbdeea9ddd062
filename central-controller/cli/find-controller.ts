/** Where the controller is when nobody says: at its usual port on this machine, else in a local mesh that runs here. */
import { request } from 'undici';
import { BallastError } from '../../contract/errors.ts';
import { CONTROLLER_PORT } from '../../contract/names.ts';

/** That is where `kubectl port-forward` has it, too. */
const USUAL = `http://127.0.0.1:${CONTROLLER_PORT}`;

/** Meshes that run side by side on a machine have the networks 127.10, 127.11, … 127.40. */
const FIRST_NETWORK = 10;
const LAST_NETWORK = 40;

/** Where the meshes that `npm run demo` makes have their controllers. */
export const LOCAL_MESHES: readonly string[] = Array.from(
  { length: LAST_NETWORK - FIRST_NETWORK + 1 },
  (_, index) => `http://127.${FIRST_NETWORK + index}.0.2:${CONTROLLER_PORT}`,
);

/** On one machine an answer takes some milliseconds, and a port that nobody listens on refuses at once. */
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
 * Address of the controller on this machine; the usual one where there is none.
 * @throws BallastError INVALID_FLAG where several meshes run, and it is not said which is meant
 */
export async function findController(usual = USUAL, meshes = LOCAL_MESHES): Promise<string> {
  if (await isAlive(usual)) return usual;
  const alive = await Promise.all(meshes.map(async (mesh) => ((await isAlive(mesh)) ? [mesh] : [])));
  const [found = usual, ...others] = alive.flat();
  if (others.length === 0) return found;
  throw new BallastError('INVALID_FLAG', `--controller: several meshes run here, name one: ${alive.flat().join(', ')}`);
}
