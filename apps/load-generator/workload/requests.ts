/** Turns a mix into an endless sequence of requests. */
import type { Mix, Parameter } from './mix.ts';
import { parametersOf } from './mix.ts';
import { type Random, randomInteger } from './random.ts';

export interface PlannedRequest {
  /** Name of the request in the mix. */
  readonly name: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
}

const DAY_MS = 86_400_000;

/** The next request of the mix on each call; `basePath` is put before every path. The mix is one that `parseMix` gave. */
export function requestSource(mix: Mix, basePath: string, random: Random): () => PlannedRequest {
  const total = mix.requests.reduce((sum, request) => sum + request.weight, 0);
  let reached = 0;
  const plans = mix.requests.map((request) => {
    reached += request.weight / total;
    return { request, upTo: reached, fill: template(basePath + request.path, mix.parameters) };
  });
  return () => {
    const coin = random();
    const plan = plans.find((candidate) => coin < candidate.upTo) ?? plans.at(-1);
    if (!plan) throw new Error('a mix has at least one request');
    const { name, method } = plan.request;
    return { name, method, path: plan.fill(random) || '/' };
  };
}

/** A function that fills a path; a parameter has one value per request, however often it is used. */
function template(path: string, parameters: Mix['parameters']): (random: Random) => string {
  const names = parametersOf(path);
  const texts = path.split(/\{[^{}]*\}/);
  return (random) => {
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
    let filled = texts[0] ?? '';
    for (const [index, name] of names.entries()) filled += encodeURIComponent(draw(name)) + (texts[index + 1] ?? '');
    return filled;
  };
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
