/** The controller's HTTP server: who may ask how much, how errors look, and which rooms answer. */
import { fileURLToPath } from 'node:url';
import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance, LogController } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };
import { describeFieldErrors, type FieldError } from '../contract/field-errors.ts';
import type { Failure } from '../contract/errors.ts';
import type { ControlLoop } from '../loop.ts';
import { ControllerMetrics } from '../metrics/controller-metrics.ts';
import { agentRoutes } from './agent-routes.ts';
import { decisionRoutes } from './decision-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { forwardToLeader, registerForwarding } from './forwarding.ts';
import { healthRoutes } from './health-routes.ts';
import { sendProblem } from './problem.ts';
import { serviceRoutes } from './service-routes.ts';
import { stateRoutes } from './state-routes.ts';

const BODY_BYTES = 16 * 1024;

/** Per address. An agent needs four a second; on one machine several share an address. */
const REQUESTS_PER_SECOND = 200;

const page = fileURLToPath(new URL('../dashboard/', import.meta.url));
const chart = fileURLToPath(new URL('../../node_modules/uplot/dist/', import.meta.url));

/** The server, ready to listen or to be injected into. */
export async function createServer(
  loop: ControlLoop,
  logger?: FastifyBaseLogger,
  metrics = new ControllerMetrics(loop),
): Promise<FastifyInstance> {
  const app = Fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES,
    requestTimeout: 10_000,
    forceCloseConnections: true,
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler)
    // What is answered comes from checked values: the schemas are for readers and the type checker.
    .setSerializerCompiler(() => (data) => JSON.stringify(data));

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const failure = failureOf(error, request.url.startsWith('/agent/v1/reports'));
    if (failure.code === 'MALFORMED_REPORT') metrics.refused(failure.code);
    if (failure.code === 'DEFECT') request.log.error(error);
    sendProblem(reply, failure, failure.code === 'INVALID_REQUEST' ? error.statusCode : undefined);
  });
  app.setNotFoundHandler((request, reply) => {
    sendProblem(reply, { code: 'UNKNOWN_PATH', message: `path: there is no ${request.method} ${request.url}` });
  });

  await app.register(rateLimit, { max: REQUESTS_PER_SECOND, timeWindow: 1000 });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: packageJson.name,
        description: packageJson.description,
        version: packageJson.version,
        license: { name: packageJson.license, identifier: packageJson.license },
      },
      tags: [
        { name: 'services', description: 'Balanced services and the reasons for their weights' },
        { name: 'weights', description: 'Weights in force, and setting them by hand' },
        { name: 'decisions', description: 'What was decided lately, and why' },
        { name: 'state', description: 'Replicas, nodes, proxies' },
        { name: 'agents', description: 'What host agents call' },
        { name: 'health', description: 'For kubelet and Prometheus' },
      ],
    },
  });
  await registerForwarding(app);
  await app.register(agentRoutes(loop, metrics));
  await app.register((decided, _options, done) => {
    decided.addHook('preHandler', forwardToLeader(loop));
    void decided.register(serviceRoutes(loop));
    void decided.register(stateRoutes(loop));
    void decided.register(decisionRoutes(loop));
    void decided.register(eventRoutes(loop));
    done();
  });
  await app.register(healthRoutes(loop, metrics));
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, () => app.swagger());
  await app.register(fastifyStatic, { root: page, prefix: '/' });
  await app.register(fastifyStatic, { root: chart, prefix: '/vendor/uplot/', decorateReply: false });
  await app.ready();
  return app;
}

/** What an error that fastify raised means in our catalogue. */
function failureOf(error: FastifyError, isReport: boolean): Failure {
  if (error.statusCode === 429) return { code: 'TOO_MANY_REQUESTS', message: `address: ${error.message}` };
  if (error.statusCode === undefined || error.statusCode >= 500)
    return { code: 'DEFECT', message: 'server: it failed' };
  const detail = error.validation
    ? describeFieldErrors(error.validation as unknown as FieldError[], error.validationContext ?? 'body')
    : `body: ${error.message}`;
  return { code: isReport ? 'MALFORMED_REPORT' : 'INVALID_REQUEST', message: detail };
}
