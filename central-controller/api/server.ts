/** The controller's HTTP server: rate limits, error format and routes. */
import { fileURLToPath } from 'node:url';
import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { describeFieldErrors, type FieldError } from '../../contract/field-errors.ts';
import type { Failure } from '../../contract/errors.ts';
import type { ControlLoop } from '../loop.ts';
import { ControllerMetrics } from '../metrics/controller-metrics.ts';
import { agentRoutes } from './agent-routes.ts';
import { allowedMethods } from './allowed-methods.ts';
import { apiDocument } from './api-document.ts';
import { decisionRoutes, explanationRoutes } from './decision-routes.ts';
import { withEtag } from './etags.ts';
import { eventRoutes } from './event-routes.ts';
import { figureRoutes, serviceFigureRoutes } from './figure-routes.ts';
import { findingRoutes } from './finding-routes.ts';
import { forwardToLeader, registerForwarding } from './forwarding.ts';
import { healthRoutes } from './health-routes.ts';
import { manualWeightRoutes } from './manual-weight-routes.ts';
import { MAX_NAME } from './path-schemas.ts';
import { pauseRoutes, servicePauseRoutes } from './pause-routes.ts';
import { policyRoutes } from './policy-routes.ts';
import { sendProblem } from './problem.ts';
import { proxyRoutes } from './proxy-routes.ts';
import { serviceRoutes } from './service-routes.ts';
import { simulationRoutes } from './simulation-routes.ts';
import { stateRoutes } from './state-routes.ts';
import { validatorCompiler } from './validate.ts';

const BODY_BYTES = 16 * 1024;

/** Requests per second and address. An agent needs four; on one machine several agents share an address. */
const REQUESTS_PER_SECOND = 200;

/** Time for a whole request to arrive, ms. An agent's stream of reports takes up to nine seconds. */
const REQUEST_MS = 10_000;

const page = fileURLToPath(new URL('../dashboard/', import.meta.url));
const chart = fileURLToPath(new URL('../../node_modules/uplot/dist/', import.meta.url));

/** Makes the server, ready to listen. */
export async function createServer(
  loop: ControlLoop,
  logger?: FastifyBaseLogger,
  metrics = new ControllerMetrics(loop.state),
): Promise<FastifyInstance> {
  const app = Fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    // Node's defaults are a minute, checked every 30 s.
    http: { headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 },
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_NAME },
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, { code: 'INVALID_REQUEST', message: `path: ${error.message}` });
    },
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(validatorCompiler)
    // Answers are made from checked values, so they are not validated again. The schemas serve readers and types.
    .setSerializerCompiler(() => (data) => JSON.stringify(data));

  const methodsOf = allowedMethods(app);
  const notFound = (request: FastifyRequest, reply: FastifyReply): void => {
    const allowed = methodsOf(request.url.split('?', 1)[0] ?? '');
    if (allowed.length > 0 && !allowed.includes(request.method)) {
      const message = `method: ${request.method} is not what ${request.url} takes, but ${allowed.join(', ')}`;
      sendProblem(reply.header('allow', allowed.join(', ')), { code: 'METHOD_NOT_ALLOWED', message });
      return;
    }
    sendProblem(reply, { code: 'UNKNOWN_PATH', message: `path: there is no ${request.method} ${request.url}` });
  };
  app.setNotFoundHandler(notFound);
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    // For an unknown path, 404 is more useful than an error about the body.
    if (request.is404) {
      notFound(request, reply);
      return;
    }
    const isReport = /^\/agent\/v\d\/reports/.test(request.url);
    const failure = failureOf(error, isReport);
    if (isReport && failure.code !== 'DEFECT') metrics.refused(failure.code);
    if (failure.code === 'DEFECT') request.log.error(error);
    sendProblem(reply, failure, failure.code === 'INVALID_REQUEST' ? error.statusCode : undefined);
  });

  await app.register(rateLimit, { max: REQUESTS_PER_SECOND, timeWindow: 1000 });
  await app.register(swagger, apiDocument);
  await registerForwarding(app);
  await app.register(agentRoutes(loop, metrics));
  await app.register((decided, _options, done) => {
    decided.addHook('preHandler', forwardToLeader(loop.state));
    decided.addHook('onSend', withEtag);
    void decided.register(serviceRoutes(loop));
    void decided.register(manualWeightRoutes(loop));
    void decided.register(stateRoutes(loop.state));
    void decided.register(proxyRoutes(loop.state));
    void decided.register(policyRoutes(loop.state));
    void decided.register(decisionRoutes(loop.state));
    void decided.register(explanationRoutes(loop.state));
    void decided.register(figureRoutes(loop.state));
    void decided.register(serviceFigureRoutes(loop.state));
    void decided.register(findingRoutes(loop.state));
    void decided.register(pauseRoutes(loop));
    void decided.register(servicePauseRoutes(loop));
    void decided.register(simulationRoutes(loop.state));
    void decided.register(eventRoutes(loop.state));
    done();
  });
  await app.register(healthRoutes(loop.state, metrics));
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, () => app.swagger());
  await app.register(fastifyStatic, { root: page, prefix: '/' });
  await app.register(fastifyStatic, { root: chart, prefix: '/vendor/uplot/', decorateReply: false });
  await app.ready();
  return app;
}

/** The catalogue's failure for an error that fastify raised. */
function failureOf(error: FastifyError, isReport: boolean): Failure {
  if (error.statusCode === 429) return { code: 'TOO_MANY_REQUESTS', message: `address: ${error.message}` };
  if (error.statusCode === undefined || error.statusCode >= 500)
    return { code: 'DEFECT', message: 'server: an unexpected error, see the log' };
  if (error.statusCode === 413) return { code: 'BODY_TOO_LARGE', message: `body: ${error.message}` };
  if (error.statusCode === 415) return { code: 'UNSUPPORTED_MEDIA_TYPE', message: `body: ${error.message}` };
  const detail = error.validation
    ? describeFieldErrors(error.validation as unknown as FieldError[], error.validationContext ?? 'body')
    : `body: ${error.message}`;
  return { code: isReport ? 'MALFORMED_REPORT' : 'INVALID_REQUEST', message: detail };
}
