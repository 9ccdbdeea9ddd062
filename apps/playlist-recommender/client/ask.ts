/** A client of the service: one request. */
import { type BaseAddress, pathBelow } from '../../../contract/base-address.ts';
import type { Recommendation } from '../service/server.ts';

const PATIENCE_MS = 5_000;

export interface Asked {
  readonly recommendation: Recommendation;
  /** From `x-served-by`; empty if the response has none. */
  readonly replica: string;
}

/** @throws Error with the reason if the service cannot be reached, refuses, or answers with something else */
export async function ask(service: BaseAddress, songs: readonly string[]): Promise<Asked> {
  const { url, authorization } = service;
  try {
    const response = await fetch(`${url.origin}${pathBelow(service, '/api/recommend')}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
      body: JSON.stringify({ songs }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Refused(`${url.href} answers ${response.status}: ${text.slice(0, 500)}`);
    return { recommendation: recommendationOf(text, url), replica: response.headers.get('x-served-by') ?? '' };
  } catch (error) {
    if (error instanceof Refused) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
    throw new Error(`${url.href} cannot be reached: ${reason}`, { cause: error });
  }
}

class Refused extends Error {}

/** What stands at the address may be another service. One of the version before sends no `model_version`. */
function recommendationOf(text: string, url: URL): Recommendation {
  let answer: Partial<Recommendation> | null;
  try {
    answer = JSON.parse(text) as Partial<Recommendation> | null;
  } catch {
    answer = null;
  }
  const { songs, version, model_date, model_version = '' } = answer ?? {};
  if (!Array.isArray(songs) || typeof version !== 'string' || typeof model_date !== 'string') {
    throw new Refused(`${url.href} does not answer with recommendations: ${text.slice(0, 200)}`);
  }
  return { songs, version, model_date, model_version };
}
