/** The application's services in this process, each replica on a free port, and what may stand between them. */
import { once } from 'node:events';
import { createServer as createTcpServer, connect, type Server, type Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createServer } from '../../../apps/video-recommendation/http/server.ts';
import { addUserRoutes } from '../../../apps/video-recommendation/services/user-service.ts';
import {
  addRecommendationRoutes,
  type RecommendationSettings,
} from '../../../apps/video-recommendation/services/video-recommendation.ts';
import { addVideoRoutes } from '../../../apps/video-recommendation/services/video-service.ts';
import { addReplicaRoutes } from '../../../apps/service/run-service.ts';

export const BATCH = 50;
const NAMESPACE = 'video-recommendation';

export interface Replica extends AsyncDisposable {
  /** `ip:port` */
  readonly address: string;
  readonly server: FastifyInstance;
  /** What it was asked, in order. */
  readonly requests: FastifyRequest[];
}

async function start(pod: string, addRoutes: (server: FastifyInstance) => void): Promise<Replica> {
  const server = createServer();
  const requests: FastifyRequest[] = [];
  server.addHook('onRequest', async (request) => void requests.push(request));
  addReplicaRoutes(server, { pod });
  addRoutes(server);
  const address = new URL(await server.listen({ host: '127.0.0.1', port: 0 })).host;
  return {
    address,
    server,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.server.closeAllConnections();
      await server.close();
    },
  };
}

export async function startUsers(pod = 'user-service-0'): Promise<Replica> {
  return start(pod, (server) => addUserRoutes(server, BATCH));
}

export async function startVideos(pod = 'video-service-0', now: () => number = Date.now): Promise<Replica> {
  return start(pod, (server) => addVideoRoutes(server, BATCH, now));
}

/** @param addresses `ip:port` by name of the service; one that is not given is not there */
export async function startRecommendation(
  addresses: Readonly<Record<string, string>>,
  more: Partial<RecommendationSettings> = {},
): Promise<Replica> {
  const nowhere = { 'user-service': '127.0.0.1:1', 'video-service': '127.0.0.1:1' };
  return start('video-recommendation-0', (server) =>
    addRecommendationRoutes(server, {
      pod: 'video-recommendation-0',
      addressing: { namespace: NAMESPACE, addresses: { ...nowhere, ...addresses } },
      maxBatchSize: BATCH,
      defaultLimit: 20,
      poolSize: 4,
      deadlineMs: 2000,
      trendingMs: 10_000,
      ...more,
    }),
  );
}

/** What a test needs of another service. */
export async function startStub(addRoutes: (server: FastifyInstance) => void, pod = 'stub-0'): Promise<Replica> {
  return start(pod, addRoutes);
}

export interface TcpBalancer extends AsyncDisposable {
  readonly address: string;
  /** Connections that were opened so far. */
  readonly connections: () => number;
}

/** Gives each connection, not each request, to the next of the targets, as kube-proxy and other TCP balancers do. */
export async function startTcpBalancer(targets: readonly string[]): Promise<TcpBalancer> {
  const sockets = new Set<Socket>();
  let opened = 0;
  const balancer: Server = createTcpServer((inbound) => {
    const [host, port] = (targets[opened % targets.length] ?? '').split(':');
    opened += 1;
    const outbound = connect({ host: host ?? '', port: Number(port) });
    for (const [from, to] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(balancer, 'listening');
  const bound = balancer.address();
  if (typeof bound !== 'object' || !bound) throw new Error('no port');
  return {
    address: `127.0.0.1:${bound.port}`,
    connections: () => opened,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      balancer.close();
      await once(balancer, 'close');
    },
  };
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export async function ask({ address }: Replica, path: string, headers: Record<string, string> = {}): Promise<Answered> {
  const response = await fetch(`http://${address}${path}`, { headers, redirect: 'manual' });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

export async function askJson(replica: Replica, path: string): Promise<{ status: number; body: unknown }> {
  const { status, text } = await ask(replica, path);
  return { status, body: JSON.parse(text) };
}
