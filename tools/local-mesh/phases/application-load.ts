/** The load of an application in measurements: its own mix, the same requests in the same order each time. */
import { BallastError } from '../../../contract/errors.ts';
import { readMix } from '../../load-generator/flags.ts';
import { type Load, type LoadOptions, runLoad } from '../../load-generator/load.ts';
import type { MeshApplication } from '../applications/application.ts';

const CONNECTIONS = 128;
const TIMEOUT_SECONDS = 10;

export type StartLoad = (options: Pick<LoadOptions, 'rate' | 'durationSeconds' | 'onSecond'>) => Load;

/**
 * What starts the load, as often as need be.
 * @throws BallastError INVALID_FLAG or INVALID_MIX where the application's mix is not there or wrong
 */
export function applicationLoad({ mix: name }: Pick<MeshApplication, 'mix'>, gateway: URL): StartLoad {
  const mix = readMix(name);
  if (!mix.ok) throw new BallastError(mix.failure.code, mix.failure.message);
  const fixed = { url: gateway, mix: mix.value, connections: CONNECTIONS, timeoutSeconds: TIMEOUT_SECONDS, seed: 1 };
  return (options) => runLoad({ ...fixed, ...options });
}
