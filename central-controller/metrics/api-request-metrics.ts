/**
 * Counts requests to the Kubernetes API server by undici's diagnostics channels, where they leave the process. The code
 * that sends them does not take part.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { DiagnosticsChannel } from 'undici';

export interface ApiCall {
  /** Kubernetes' verb: get, list, watch, create, update, patch, delete. */
  readonly verb: string;
  /** Plural name, with the subresource if there is one: `loadbalancingpolicies/status`. */
  readonly resource: string;
}

interface Underway extends ApiCall {
  readonly startedAt: number;
  isAnswered: boolean;
}

const PATH =
  /^\/(?:api\/v1|apis\/[^/?]+\/[^/?]+)(?:\/namespaces\/[^/?]+)?\/([a-z]+)(?:\/([^/?]+)(\/[a-z]+)?)?(?:\?(.*))?$/;

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** Verb and resource of a request; undefined for a path that names no resource. */
export function apiCall(method: string, path: string): ApiCall | undefined {
  const [, plural, name, subresource = '', query = ''] = PATH.exec(path) ?? [];
  if (plural === undefined) return undefined;
  const reading = name !== undefined ? 'get' : new URLSearchParams(query).has('watch', 'true') ? 'watch' : 'list';
  return { verb: VERBS[method] ?? reading, resource: `${plural}${subresource}` };
}

/**
 * Counts this process's requests to the API server from now on.
 * @param server address of the API server, such as `https://10.96.0.1:443`
 * @param now ms of any clock that does not step
 * @returns stops counting
 */
export function registerApiRequestMetrics(registry: Registry, server: string, now: () => number): () => void {
  const registers = [registry];
  const requests = new Counter({
    name: 'ballast_apiserver_requests_total',
    help: 'Requests to the Kubernetes API server, by the status of the answer (none: there was no answer)',
    labelNames: ['verb', 'resource', 'code'],
    registers,
  });
  const duration = new Histogram({
    name: 'ballast_apiserver_request_duration_seconds',
    help: 'Time until the API server answered; watches left out',
    labelNames: ['verb'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const watches = new Gauge({
    name: 'ballast_apiserver_watches',
    help: 'Watches that are open: 0 for more than a moment means that changes of this kind are not seen',
    labelNames: ['resource'],
    registers,
  });
  const { origin, pathname } = new URL(server);
  const base = pathname.replace(/\/+$/, '');
  const underway = new WeakMap<object, Underway>();

  const created = (message: unknown): void => {
    const { request } = message as DiagnosticsChannel.RequestCreateMessage;
    if (request.origin === undefined || new URL(String(request.origin)).origin !== origin) return;
    const call = apiCall(request.method ?? 'GET', request.path.slice(base.length));
    if (!call) return;
    if (call.verb === 'watch') watches.inc({ resource: call.resource }, 0);
    underway.set(request, { ...call, startedAt: now(), isAnswered: false });
  };
  const answered = (message: unknown): void => {
    const { request, response } = message as DiagnosticsChannel.RequestHeadersMessage;
    const call = underway.get(request);
    if (!call || response.statusCode < 200) return;
    call.isAnswered = true;
    const { verb, resource } = call;
    requests.inc({ verb, resource, code: String(response.statusCode) });
    if (verb !== 'watch') {
      duration.observe({ verb }, (now() - call.startedAt) / 1000);
    } else if (response.statusCode === 200) {
      watches.inc({ resource });
    } else {
      underway.delete(request);
    }
  };
  const ended = (message: unknown): void => {
    const { request } = message as { readonly request: object };
    const call = underway.get(request);
    if (!call) return;
    underway.delete(request);
    const { verb, resource, isAnswered } = call;
    if (!isAnswered) requests.inc({ verb, resource, code: 'none' });
    else if (verb === 'watch') watches.dec({ resource });
  };
  const listeners = [
    ['undici:request:create', created],
    ['undici:request:headers', answered],
    ['undici:request:trailers', ended],
    ['undici:request:error', ended],
  ] as const;
  for (const [channel, listener] of listeners) subscribe(channel, listener);
  return () => {
    for (const [channel, listener] of listeners) unsubscribe(channel, listener);
  };
}
