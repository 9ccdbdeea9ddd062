/** One request with reports to one controller, and what its answer means. */
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { type ControllerLink, isNotLeader, isUnknownPath } from './controller-link.ts';
import { type Answer, exchange, reasonOf } from './exchange.ts';

/**
 * `unreachable`: no answer, or none of the leader; `refused`: the controller does not take it, now or again; `failed`: it
 * could not take it just now; `old`: the controller is of the version before.
 */
export type Outcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused' | 'failed' | 'unreachable' | 'old'; readonly reason: string };

export interface Target {
  readonly origin: string;
  /** The controller there is of the version before. */
  readonly isOld: boolean;
}

/** Of one report. The sender of several knows when all are sent, and gives up after that. */
const SILENCE = { firstMs: 2500, thenMs: 2000 };

/** Posts one report, as JSON, or several as lines. Never rejects. */
export async function postReports(
  dispatcher: Dispatcher,
  link: Pick<ControllerLink, 'target'>,
  { origin, isOld }: Target,
  body: string | Readable,
  abandoned?: AbortSignal,
): Promise<Outcome> {
  const path = `/agent/${isOld ? 'v1' : 'v2'}/reports`;
  const request =
    typeof body === 'string'
      ? { ...link.target(origin, path), contentType: 'application/json', body, silence: SILENCE }
      : { ...link.target(origin, `${path}/stream`), contentType: 'application/x-ndjson', body };
  try {
    return outcomeOf(
      await exchange(dispatcher, { method: 'POST', ...request, ...(abandoned && { signal: abandoned }) }),
    );
  } catch (error) {
    return { kind: 'unreachable', reason: reasonOf(error) };
  }
}

function outcomeOf({ status, text }: Answer): Outcome {
  if (status < 300) return { kind: 'accepted' };
  const reason = `status ${status}: ${text.slice(0, 500)}`;
  if (isNotLeader(status, text)) return { kind: 'unreachable', reason };
  if (isUnknownPath(status, text)) return { kind: 'old', reason };
  return { kind: status < 500 && ![404, 408, 429].includes(status) ? 'refused' : 'failed', reason };
}
