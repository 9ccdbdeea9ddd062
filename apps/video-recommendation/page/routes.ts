/**
 * The page `/recommend/{namespace}/{service}/{user}`: what a service of the cluster recommends to a user, and how many
 * requests each replica answered. The form sends `/recommend?namespace&service&user`, which redirects there.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { traceHeaders } from '../../service/trace.ts';
import type { Addressing } from '../dependencies/addressing.ts';
import type { CallSettings } from '../dependencies/dependency.ts';
import { type Answer, answered } from '../http/answer.ts';
import { readDnsLabel, readUser, textOf } from '../http/fields.ts';
import type { Traffic } from '../statistics/traffic.ts';
import { AskedServices } from './asked-services.ts';
import type { Html } from './html.ts';
import { type AskedFor, PAGE_HEADERS, renderPage } from './page.ts';
import { recommendationsSection, refusalSection } from './recommendations-section.ts';
import { trafficSection } from './traffic-section.ts';

const FIRST_USER = '1';
const SERVICE = 'video-recommendation';

export interface PageSettings {
  /** Name of this replica. */
  readonly pod: string;
  readonly addressing: Addressing;
  readonly calls: CallSettings;
  readonly traffic: Traffic;
}

function pathOf({ namespace, service, user }: AskedFor): string {
  return `/recommend/${[namespace, service, user].map(encodeURIComponent).join('/')}`;
}

function askedForIn(fields: unknown): AskedFor {
  const text = (field: string): string => textOf(fields, field) ?? '';
  return { namespace: text('namespace'), service: text('service'), user: text('user') };
}

interface Question {
  readonly namespace: string;
  readonly service: string;
  readonly user: string;
}

function readQuestion(fields: unknown): Answer<Question> {
  const namespace = readDnsLabel(fields, 'namespace');
  if (!namespace.ok) return namespace;
  const service = readDnsLabel(fields, 'service');
  if (!service.ok) return service;
  const user = readUser(fields);
  if (!user.ok) return user;
  return answered({ namespace: namespace.value, service: service.value, user: user.value });
}

export function addPageRoutes(server: FastifyInstance, { pod, addressing, calls, traffic }: PageSettings): void {
  const services = new AskedServices(addressing, calls, traffic);
  const trafficNow = (): Html => trafficSection(pod, traffic.snapshot());
  const sendPage = (reply: FastifyReply, status: number, askedFor: AskedFor, recommendations: Html): FastifyReply =>
    reply
      .code(status)
      .headers(PAGE_HEADERS)
      .send(renderPage({ askedFor, recommendations, traffic: trafficNow() }));

  server.get('/recommend/:namespace/:service/:user', async (request, reply) => {
    const askedFor = askedForIn(request.params);
    const question = readQuestion(request.params);
    if (!question.ok) return sendPage(reply, question.refusal.status, askedFor, refusalSection(question.refusal));
    const { namespace, service, user } = question.value;
    const start = performance.now();
    const answer = await services.ask(namespace, service, user, traceHeaders(request.headers));
    if (!answer.ok) return sendPage(reply, answer.refusal.status, askedFor, refusalSection(answer.refusal));
    return sendPage(reply, 200, askedFor, recommendationsSection(answer.value, performance.now() - start));
  });

  server.get('/recommend/traffic', async (_request, reply) => reply.headers(PAGE_HEADERS).send(trafficNow().text));

  server.get('/recommend', async (request, reply) => {
    const askedFor = askedForIn(request.query);
    const question = readQuestion(request.query);
    if (!question.ok) return sendPage(reply, question.refusal.status, askedFor, refusalSection(question.refusal));
    return reply.redirect(pathOf(askedFor), 303);
  });

  server.get('/', async (_request, reply) =>
    reply.redirect(pathOf({ namespace: addressing.namespace, service: SERVICE, user: FIRST_USER }), 303),
  );

  server.addHook('onClose', async () => services.close());
}
