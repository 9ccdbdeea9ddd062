/** Fetches results from the other replicas. */
import { Agent, request } from 'undici';
import { hostPort } from '../../../contract/host-port.ts';
import type { TraceHeaders } from '../../service/trace.ts';
import { Refusal } from '../refusal.ts';
import type { ListPeers, PeerAddress } from './peer-addresses.ts';
import { replicaTag, tagOf } from './result-store.ts';

/** Marks a request from replica to replica, which is never forwarded again. */
export const FORWARDED_HEADER = 'x-pdf-forwarded';

const CONNECT_MS = 1000;
const DEADLINE_MS = 5000;

export function unknownResult(): Refusal {
  return new Refusal('UNKNOWN_RESULT', 'There is no such result, or it has expired: convert the picture again.');
}

function unreachable(cause: unknown): Refusal {
  const message = 'The replica that has this result does not answer: try again, or convert the picture again.';
  return new Refusal('OWNER_UNREACHABLE', message, { cause });
}

export class Peers {
  readonly #list: ListPeers;
  readonly #agent = new Agent({
    connect: { timeout: CONNECT_MS },
    headersTimeout: DEADLINE_MS,
    bodyTimeout: DEADLINE_MS,
  });

  constructor(list: ListPeers) {
    this.#list = list;
  }

  /**
   * The result from the replica that has it. The tag of the id is compared with those of the replicas' addresses, so no
   * id can direct a request elsewhere.
   * @throws Refusal UNKNOWN_RESULT, or OWNER_UNREACHABLE if another attempt may find it
   */
  async fetch(id: string, trace: TraceHeaders): Promise<Uint8Array> {
    try {
      const tag = tagOf(id);
      const owner = (await this.#list()).find(({ ip, port }) => replicaTag(hostPort(ip, port)) === tag);
      if (owner) return await this.#fetchFrom(owner, id, trace);
    } catch (error) {
      throw error instanceof Refusal ? error : unreachable(error);
    }
    throw unknownResult();
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  async #fetchFrom({ ip, port, host }: PeerAddress, id: string, trace: TraceHeaders): Promise<Uint8Array> {
    const { statusCode, body } = await request(`http://${hostPort(ip, port)}/results/${id}`, {
      dispatcher: this.#agent,
      headers: { ...trace, host, [FORWARDED_HEADER]: '1' },
    });
    if (statusCode === 200) return body.bytes();
    await body.dump();
    throw statusCode === 404 ? unknownResult() : new Error(`${host} answered ${statusCode}`);
  }
}
