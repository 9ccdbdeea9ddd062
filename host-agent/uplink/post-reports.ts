/** One request with reports to one controller, and what its answer means. */
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { type ControllerLink, isNotLeader } from './controller-link.ts';

/** `unreachable`: no answer, or none of a controller that leads; `refused`: the controller will not have it, now or again; `failed`: it could not just now. */
export type Outcome =
  { readonly kind: 'accepted' } | { readonly kind: 'refused' | 'failed' | 'unreachable'; readonly reason: string };

/** Posts one report, as JSON, or several as lines. Never rejects. */
export async function postReports(
  dispatcher: Dispatcher,
  link: Pick<ControllerLink, 'target'>,
  origin: string,
  body: string | Readable,
): Promise<Outcome> {
  try {
    const { status, text } = await exchange(dispatcher, link, origin, body);
    if (status < 300) return { kind: 'accepted' };
    const reason = `status ${status}: ${text.slice(0, 500)}`;
    if (isNotLeader(status, text)) return { kind: 'unreachable', reason };
    return { kind: status < 500 && ![404, 408, 429].includes(status) ? 'refused' : 'failed', reason };
  } catch (error) {
    return { kind: 'unreachable', reason: reasonOf(error) };
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** By undici's handlers, since a stream for each answer, empty as a rule, costs more. */
function exchange(
  dispatcher: Dispatcher,
  link: Pick<ControllerLink, 'target'>,
  origin: string,
  body: string | Readable,
): Promise<{ readonly status: number; readonly text: string }> {
  const [path, type] =
    typeof body === 'string'
      ? ['/agent/v1/reports', 'application/json']
      : ['/agent/v1/reports/stream', 'application/x-ndjson'];
  const { headers, ...target } = link.target(origin, path);
  return new Promise((resolve, reject) => {
    let status = 0;
    const chunks: Buffer[] = [];
    dispatcher.dispatch(
      { ...target, method: 'POST', headers: { ...headers, 'content-type': type }, body },
      {
        // By its name undici tells such handlers from those of its earlier versions.
        onRequestStart() {},
        onResponseStart(_controller, statusCode) {
          status = statusCode;
        },
        onResponseData: (_controller, chunk) => void chunks.push(chunk),
        onResponseEnd: () => resolve({ status, text: Buffer.concat(chunks).toString() }),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}
