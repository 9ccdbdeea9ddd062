/** Replicas of the converter in this process, and forms as browsers send them. */
import type { AddressInfo } from 'node:net';
import { addReplicaRoutes } from '../../../apps/service/run-service.ts';
import { type ConverterOptions, converterServer } from '../../../apps/pdf-converter/http/converter-server.ts';
import type { PeerAddress } from '../../../apps/pdf-converter/results/peer-addresses.ts';
import { Peers } from '../../../apps/pdf-converter/results/peers.ts';
import { type Clock, ResultStore } from '../../../apps/pdf-converter/results/result-store.ts';

export interface ReplicaOptions extends Partial<Omit<ConverterOptions, 'results' | 'peers' | 'address'>> {
  readonly clock?: Clock;
}

export interface Replica {
  readonly name: string;
  readonly url: string;
  close(): Promise<void>;
}

const MEBI = 2 ** 20;

/** So many replicas, each with an address of its own, who all know each other. */
export async function startReplicas(count: number, options: ReplicaOptions = {}): Promise<Replica[]> {
  const { clock, ...changed } = options;
  const addresses: PeerAddress[] = [];
  const replicas: Replica[] = [];
  for (let index = 0; index < count; index++) {
    const ip = `127.20.7.${index + 1}`;
    const port = await freePort(ip);
    const own = { ip, port, host: `${ip}:${port}` };
    addresses.push(own);
    const limits = { keepSeconds: 600, maxResults: 100, maxBytes: 16 * MEBI };
    const server = await converterServer({
      maxFileBytes: MEBI,
      maxPixels: 4e6,
      maxUploadBytes: 64 * MEBI,
      keepSeconds: limits.keepSeconds,
      ...changed,
      address: Promise.resolve(own.host),
      results: new ResultStore({ ...limits, ...(changed.keepSeconds && { keepSeconds: changed.keepSeconds }) }, clock),
      peers: new Peers(async () => addresses),
    });
    const name = `pdf-converter-${index}`;
    addReplicaRoutes(server, { pod: name });
    const url = await server.listen({ host: ip, port });
    replicas.push({ name, url, close: () => server.close() });
  }
  return replicas;
}

async function freePort(host: string): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function formWith(file: Uint8Array, field = 'myfile', type = 'image/jpeg'): FormData {
  const form = new FormData();
  form.append(field, new Blob([Uint8Array.from(file)], { type }), 'picture.jpg');
  return form;
}

export async function convert(url: string, body: FormData, accept = '*/*'): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { accept } });
}
