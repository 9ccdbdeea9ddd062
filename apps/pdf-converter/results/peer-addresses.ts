/** Addresses of all replicas: from a DNS name that has them all, or from a folder that all replicas see. */
import { lookup } from 'node:dns/promises';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostPort } from '../../../contract/host-port.ts';
import { type ListenAddress, readListenAddress } from '../../service/flags.ts';

export interface PeerAddress {
  readonly ip: string;
  readonly port: number;
  /** What a request to it names as its host. */
  readonly host: string;
}

/** Port. All replicas at this moment, including the one that asks. */
export type ListPeers = () => Promise<readonly PeerAddress[]>;

/**
 * Replicas behind the name of a headless Service. Requests to them carry that name as their host: the sidecar knows the
 * name, and sends the request to the address that the connection was opened to.
 */
export function peersByName({ host: name, port }: ListenAddress): ListPeers {
  return async () => {
    const addresses = await lookup(name, { all: true });
    return addresses.map(({ address: ip }) => ({ ip, port, host: hostPort(name, port) }));
  };
}

/** Writes the replica's own address into the folder and reads those of the others there. */
export async function peersInFolder(folder: string, own: ListenAddress): Promise<ListPeers> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, hostPort(own.host, own.port)), '');
  return async () =>
    (await readdir(folder)).map((name) => {
      const { host: ip, port } = readListenAddress(name);
      return { ip, port, host: name };
    });
}
