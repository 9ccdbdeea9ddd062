/** What a client wants to have its result as, by its header Accept. */

export type AnswerKind = 'pdf' | 'page' | 'json';

/**
 * Browsers name text/html and programs seldom name anything, so the PDF itself is what comes where nothing else is
 * named. Of several named types PDF goes before the page, and the page before JSON; weights (`q=`) do not count.
 */
export function answerKind(accept = ''): AnswerKind {
  const named = new Set(accept.split(',').map((range) => range.split(';')[0]?.trim().toLowerCase()));
  if (named.has('application/pdf')) return 'pdf';
  if (named.has('text/html')) return 'page';
  return named.has('application/json') ? 'json' : 'pdf';
}
