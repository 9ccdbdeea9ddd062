/** Where the replicas are: told by a name that has the addresses of all, or by a folder that all of them see. */
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

/** Port. All replicas that there are now, the asking one among them. */
export type ListPeers = () => Promise<readonly PeerAddress[]>;

/** Of a headless Service. Requests bear its name: a sidecar goes by that, and leads to the address connected to. */
export function peersByName({ host: name, port }: ListenAddress): ListPeers {
  return async () => {
    const addresses = await lookup(name, { all: true });
    return addresses.map(({ address: ip }) => ({ ip, port, host: hostPort(name, port) }));
  };
}

/** Puts a replica's own address into the folder, and reads there those of the others. */
export async function peersInFolder(folder: string, own: ListenAddress): Promise<ListPeers> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, hostPort(own.host, own.port)), '');
  return async () =>
    (await readdir(folder)).map((name) => {
      const { host: ip, port } = readListenAddress(name);
      return { ip, port, host: name };
    });
}
