/**
 * Clients that each send a picture, wait for the PDF, and send it again: a closed loop, as people at a form are. A slow
 * service gets fewer requests from them, which is what a fixed number of people does.
 */
import { Client, FormData } from 'undici';
import { type BaseAddress, pathBelow } from '../../../contract/base-address.ts';

const PATIENCE_MS = 60_000;
/** The first bytes of every PDF. */
const PDF = '%PDF-';

/** One request. Times are ms since the first was sent. */
export interface Sent {
  readonly atMs: number;
  readonly ms: number;
  /** From `x-served-by`. */
  readonly replica: string;
  /** Why there is no PDF; undefined if there is one. */
  readonly error?: string;
}

export interface Sending {
  readonly address: BaseAddress;
  readonly jpeg: Uint8Array<ArrayBuffer>;
  readonly clients: number;
  /** Whether one more picture is sent, after so many and so long. */
  readonly goesOn: (sent: number, elapsedMs: number) => boolean;
}

async function sendOne(client: Client, { address, jpeg }: Sending): Promise<{ replica: string; error?: string }> {
  const { authorization } = address;
  const body = new FormData();
  body.append('myfile', new Blob([jpeg], { type: 'image/jpeg' }), 'picture.jpg');
  const answer = await client.request({
    method: 'POST',
    path: pathBelow(address, ''),
    headers: { accept: 'application/pdf', ...(authorization !== undefined && { authorization }) },
    body,
  });
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  const name = answer.headers['x-served-by'];
  const replica = typeof name === 'string' ? name : '';
  if (answer.statusCode === 200 && bytes.toString('latin1', 0, PDF.length) === PDF) return { replica };
  const said = bytes.toString('utf8', 0, 200).trim();
  return { replica, error: `status ${answer.statusCode}${said === '' ? '' : `: ${said}`}` };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || (Reflect.get(error, 'code') as string | undefined) || error.name;
}

/** All requests in the order of their answers. A failed one does not end the others. */
export async function sendPictures(sending: Sending): Promise<Sent[]> {
  const { address, clients, goesOn } = sending;
  const begin = performance.now();
  const sent: Sent[] = [];
  let begun = 0;
  const oneClient = async (): Promise<void> => {
    const options = { headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS, connect: { timeout: 5000 } };
    const client = new Client(address.url.origin, options);
    while (goesOn(begun, performance.now() - begin)) {
      begun += 1;
      const atMs = performance.now() - begin;
      const answer = await sendOne(client, sending).catch((error: unknown) => {
        return { replica: '', error: `no answer: ${reasonOf(error)}` };
      });
      sent.push({ atMs, ms: performance.now() - begin - atMs, ...answer });
    }
    await client.destroy();
  };
  await Promise.all(Array.from({ length: clients }, oneClient));
  return sent;
}
