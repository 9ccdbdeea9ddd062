/** Finds loopback addresses that no other mesh on this machine uses. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { BallastError } from '../../../contract/errors.ts';
import { CONTROLLER_PORT } from '../../../contract/names.ts';
import { edgeAddresses } from '../manifests/placement.ts';

const FIRST = 10;
const LAST = 40;

/**
 * The first network of `127.10`, `127.11`, … in which no controller listens.
 * @throws BallastError INVALID_FLAG if there is one in each
 */
export async function freeNetwork(): Promise<string> {
  for (let second = FIRST; second <= LAST; second++) {
    const network = `127.${second}`;
    if (await canListen(edgeAddresses(network).controller)) return network;
  }
  throw new BallastError('INVALID_FLAG', `${LAST - FIRST + 1} meshes run on this machine already: end one of them`);
}

async function canListen(host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(CONTROLLER_PORT, host);
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
