/** The outcome of a request: a value, or a refusal that becomes the response's status and `{"message": …}`. */
import type { FastifyReply } from 'fastify';

export interface Refusal {
  readonly status: number;
  /** Names the field or the service that is the cause. */
  readonly message: string;
}

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export function answered<T>(value: T): Answer<T> {
  return { ok: true, value };
}

export function refused(status: number, message: string): Answer<never> {
  return { ok: false, refusal: { status, message } };
}

export function sendAnswer(reply: FastifyReply, answer: Answer<unknown>): FastifyReply {
  if (answer.ok) return reply.send(answer.value);
  const { status, message } = answer.refusal;
  return reply.code(status).send({ message });
}
