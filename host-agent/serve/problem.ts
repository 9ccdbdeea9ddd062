/** Refusals as RFC 9457 problem details. */
import type { ServerResponse } from 'node:http';
import { ERRORS, type Failure } from '../../contract/errors.ts';

/** Answers with the failure; its status is the catalogue's unless another says more. */
export function answerProblem(
  response: ServerResponse,
  failure: Failure,
  status: number = ERRORS[failure.code].status,
): void {
  const body = JSON.stringify({
    type: `urn:ballast:problem:${failure.code}`,
    title: failure.code.toLowerCase().replaceAll('_', ' '),
    status,
    detail: failure.message,
    code: failure.code,
    remedy: ERRORS[failure.code].remedy,
  });
  response.writeHead(status, [
    'content-type',
    'application/problem+json',
    'content-length',
    String(Buffer.byteLength(body)),
  ]);
  response.end(body);
}
