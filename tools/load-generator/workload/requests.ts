/** Turns a mix into an endless sequence of requests. */
import type { Mix, MixedRequest, Parameter } from './mix.ts';
import { type Random, randomInteger } from '../../../apps/service/random.ts';

export interface PlannedRequest {
  /** Name of the request in the mix. */
  readonly name: string;
  readonly method: MixedRequest['method'];
  readonly path: string;
  /** By their names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Requests may share the same bytes. */
  readonly body?: string | Uint8Array;
}

const DAY_MS = 86_400_000;

/** Returns the value of a parameter, which is the same for all uses in a request. */
type Draw = (name: string) => string;
type Template = (draw: Draw) => string;

/** Returns the next request of the mix on each call. `pathOf` puts the path of a request below the server's. The mix is valid. */
export function requestSource(mix: Mix, pathOf: (path: string) => string, random: Random): () => PlannedRequest {
  const total = mix.requests.reduce((sum, request) => sum + request.weight, 0);
  const parameters = Object.keys(mix.parameters);
  let reached = 0;
  const plans = mix.requests.map((request) => {
    reached += request.weight / total;
    const path = template(pathOf(request.path), parameters, encodeURIComponent);
    return { request, upTo: reached, path, body: bodySource(request, parameters) };
  });
  return () => {
    const coin = random();
    const plan = plans.find((candidate) => coin < candidate.upTo) ?? plans.at(-1);
    if (!plan) throw new Error('a mix has at least one request');
    const { name, method, headers } = plan.request;
    const draw = drawer(mix.parameters, random);
    const path = plan.path(draw);
    const body = plan.body?.(draw);
    return { name, method, path, ...(headers && { headers }), ...(body !== undefined && { body }) };
  };
}

function drawer(parameters: Mix['parameters'], random: Random): Draw {
  const values = new Map<string, string>();
  const draw = (name: string): string => {
    let value = values.get(name);
    if (value === undefined) {
      const parameter = parameters[name];
      value = parameter ? drawParameter(parameter, random, draw) : '';
      values.set(name, value);
    }
    return value;
  };
  return draw;
}

/** A function that replaces `{x}` by the value of parameter `x`. Other braces stay. */
function template(text: string, parameters: readonly string[], escape: (value: string) => string): Template {
  if (parameters.length === 0) return () => text;
  // Parts with an odd index are names.
  const parts = text.split(new RegExp(`\\{(${parameters.join('|')})\\}`));
  return (draw) => {
    let filled = '';
    for (const [index, part] of parts.entries()) filled += index % 2 === 0 ? part : escape(draw(part));
    return filled;
  };
}

/** A source of bodies. A body without parameters is encoded once. */
function bodySource(
  { body, headers }: MixedRequest,
  parameters: readonly string[],
): ((draw: Draw) => string | Uint8Array) | undefined {
  if (body === undefined) return undefined;
  if (typeof body === 'string' && parameters.some((name) => body.includes(`{${name}}`)))
    return template(body, parameters, escapeFor(headers?.['content-type'] ?? ''));
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return () => bytes;
}

/** How to escape a value by content type: in a string of JSON or in a field of a form; else not at all. */
function escapeFor(contentType: string): (value: string) => string {
  if (/^[^;]*[/+]json\b/i.test(contentType)) return (value) => JSON.stringify(value).slice(1, -1);
  if (/^application\/x-www-form-urlencoded\b/i.test(contentType)) return encodeURIComponent;
  return (value) => value;
}

function drawParameter(parameter: Parameter, random: Random, draw: (name: string) => string): string {
  switch (parameter.kind) {
    case 'integer':
      return String(randomInteger(random, parameter.from, parameter.to));
    case 'decimal': {
      const steps = Math.round((parameter.to - parameter.from) * 10 ** parameter.decimals);
      const offset = randomInteger(random, 0, steps) / 10 ** parameter.decimals;
      return (parameter.from + offset).toFixed(parameter.decimals);
    }
    case 'choice':
      return drawChoice(parameter.of, random);
    case 'date':
      return dayOf(randomInteger(random, dayNumber(parameter.from), dayNumber(parameter.to)));
    case 'laterDate': {
      const before = dayNumber(draw(parameter.after));
      const last = parameter.to === undefined ? before + (parameter.days ?? 1) : dayNumber(parameter.to);
      return dayOf(randomInteger(random, before + 1, last));
    }
  }
}

function drawChoice(of: Readonly<Record<string, number>>, random: Random): string {
  const entries = Object.entries(of);
  let left = random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [value, weight] of entries) {
    left -= weight;
    if (left < 0) return value;
  }
  return entries.at(-1)?.[0] ?? '';
}

function dayNumber(day: string): number {
  return Math.round(Date.parse(day) / DAY_MS);
}

function dayOf(number: number): string {
  return new Date(number * DAY_MS).toISOString().slice(0, 10);
}
