/**
 * A closed loop: each client sends a request, waits for the response, and sends the next. It sees the
 * service time with one request in flight per client; `npm run load` keeps a rate instead.
 */
import { performance } from 'node:perf_hooks';
import { Client } from 'undici';
import type { MixedRequest } from '../../../tools/load-generator/workload/mix.ts';

const DEADLINE_MS = 60_000;
const BEGIN_OF_PDF = Buffer.from('%PDF-');

/** One request that was answered with a PDF. */
export interface Served {
  /** When it was sent, ms after the start. */
  readonly atMs: number;
  readonly latencyMs: number;
  /** Name of the replica. */
  readonly replica: string;
}

export interface ClientsOptions {
  readonly gateway: URL;
  readonly request: MixedRequest;
  readonly clients: number;
  /** Whether a client sends one more request, given how many it has sent and the time since the start. */
  readonly goesOn: (sent: number, elapsedMs: number) => boolean;
  readonly signal: AbortSignal;
}

async function askOnce(client: Client, { request, signal }: ClientsOptions): Promise<string> {
  const { method, path, headers, body } = request;
  const answer = await client.request({
    method,
    path: path || '/',
    headers: { ...headers },
    body: body ?? null,
    signal,
  });
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  if (answer.statusCode !== 200 || !bytes.subarray(0, BEGIN_OF_PDF.length).equals(BEGIN_OF_PDF)) {
    throw new Error(`a request was answered ${answer.statusCode}: ${bytes.toString().slice(0, 200)}`);
  }
  return String(answer.headers['x-served-by']);
}

/**
 * All requests in the order of their answers.
 * @throws Error when a response is not a PDF, since the run is then worthless
 */
export async function askInTurn(options: ClientsOptions): Promise<Served[]> {
  const { gateway, clients, goesOn } = options;
  const begin = performance.now();
  const served: Served[] = [];
  const oneClient = async (): Promise<void> => {
    const client = new Client(gateway.origin, { headersTimeout: DEADLINE_MS, bodyTimeout: DEADLINE_MS });
    try {
      for (let sent = 0; goesOn(sent, performance.now() - begin); sent++) {
        const atMs = performance.now() - begin;
        const replica = await askOnce(client, options);
        served.push({ atMs, latencyMs: performance.now() - begin - atMs, replica });
      }
    } finally {
      await client.destroy();
    }
  };
  await Promise.all(Array.from({ length: clients }, oneClient));
  return served;
}
