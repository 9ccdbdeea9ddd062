/** The routes of one replica. */
import Fastify, { type FastifyInstance } from 'fastify';

/** The first version that has `/chat`. */
const CHAT_SINCE = [1, 0, 1] as const;

/** The numbers of a version such as `1.0.1`; undefined if the text has another form. */
export function parseVersion(text: string): readonly number[] | undefined {
  return /^\d{1,6}\.\d{1,6}\.\d{1,6}$/.test(text) ? text.split('.').map(Number) : undefined;
}

/** Whether this version serves `/chat`. `version` comes from `parseVersion`. */
export function hasChat(version: readonly number[]): boolean {
  for (const [index, since] of CHAT_SINCE.entries()) {
    const part = version[index] ?? 0;
    if (part !== since) return part > since;
  }
  return true;
}

const ROUNDS = 5000;

let sink = 0;

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * Keeps the thread busy until it has used `ms` of CPU time. When a neighbour or a quota takes the CPU away, this takes
 * longer, as real work does.
 */
function takeCpu(ms: number): void {
  if (ms === 0) return;
  const end = threadCpuMs() + ms;
  while (threadCpuMs() < end) for (let i = 0; i < ROUNDS; i++) sink = Math.imul(sink ^ i, 0x9e3779b1);
}

export interface Replica {
  readonly podIp: string;
  /** Name of the node that the pod runs on. */
  readonly node: string;
  /** Such as `1.0.1`. */
  readonly version: string;
  /** CPU time that each request to `/` takes in addition to its HTTP handling, ms. */
  readonly workMs: number;
}

/** A server that does not listen yet. It answers with text, or with JSON if `Accept` names `application/json`. */
export function createServer({ podIp, node, version, workMs }: Replica): FastifyInstance {
  const server = Fastify({ keepAliveTimeout: 0, forceCloseConnections: false, return503OnClosing: false });

  server.get('/', async (request, reply) => {
    takeCpu(workMs);
    reply.header('vary', 'accept');
    if (request.headers.accept?.includes('application/json')) return { podIp, node, version };
    return reply.type('text/plain; charset=utf-8').send(`pod ${podIp} on node ${node}, version ${version}\n`);
  });

  if (hasChat(parseVersion(version) ?? [])) {
    server.get('/chat', async (_request, reply) =>
      reply.type('text/plain; charset=utf-8').send(`Hello from pod ${podIp}, version ${version}\n`),
    );
  }
  return server;
}
