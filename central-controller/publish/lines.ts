/** Lines of `POST /agent/v2/assignments`, put together from JSON that is written once for all agents. */
import { VALID_FOR_MS } from '../../contract/assignment.ts';
import type { NodeNews, PendingServices } from './agent-stream.ts';

export interface LineParts {
  readonly version: number;
  /** On the first line of a connection. */
  readonly epoch?: number;
  readonly partial?: boolean;
  readonly services: PendingServices;
  readonly news: Partial<NodeNews>;
}

export function assignmentLine({ version, epoch, partial, services, news }: LineParts): string {
  let line = `{"version":${version},"validForMs":${VALID_FOR_MS}`;
  if (epoch !== undefined) line += `,"epoch":${epoch}`;
  if (partial) line += ',"partial":true';
  if (services.rows.length > 0) line += `,"services":[${services.rows.join(',')}]`;
  if (services.weights.length > 0) line += `,"weights":[${services.weights.join(',')}]`;
  if (services.unbalanced.length > 0) line += `,"unbalanced":${JSON.stringify(services.unbalanced)}`;
  if (news.grants) line += `,"cpu":${JSON.stringify(news.grants)}`;
  if (news.utilisation) line += `,"utilisation":${JSON.stringify(news.utilisation)}`;
  if (news.detail) line += `,"detail":${JSON.stringify(news.detail)}`;
  return `${line}}\n`;
}

export function heartbeat(version: number): string {
  return `{"version":${version},"validForMs":${VALID_FOR_MS}}\n`;
}
