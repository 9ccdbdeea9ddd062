/** Figures of the requests. Pure. */
import {
  latencyHistogram,
  type LatencySummary,
  recordMs,
  summariseMs,
} from '../../../tools/load-generator/measure/histogram.ts';
import type { Round } from '../support/bench.ts';
import type { Served } from './clients.ts';
import { CROWD, nameOf, type Setting } from './conditions.ts';

/** A number of clients under one setting, with all of their requests. */
export interface Measured {
  readonly setting: Setting;
  readonly clients: number;
  readonly served: readonly Served[];
}

export interface Second {
  readonly atMs: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export function summaryOf(served: readonly Served[]): LatencySummary {
  const histogram = latencyHistogram();
  for (const { latencyMs } of served) recordMs(histogram, latencyMs);
  return summariseMs(histogram);
}

/** From the first request to the last answer. */
export function requestsPerSecond(served: readonly Served[]): number {
  const ends = served.map(({ atMs, latencyMs }) => atMs + latencyMs);
  const begins = served.map(({ atMs }) => atMs);
  return (served.length / Math.max(1, Math.max(...ends) - Math.min(...begins))) * 1000;
}

/** Requests by the second in which they were sent; seconds without one are left out. */
export function courseOf(served: readonly Served[]): Second[] {
  const seconds = Map.groupBy(served, ({ atMs }) => Math.floor(atMs / 1000));
  return [...seconds]
    .toSorted(([a], [b]) => a - b)
    .map(([second, group]) => {
      const { p50, p95 } = summaryOf(group);
      return { atMs: second * 1000, requests: group.length, p50Ms: p50, p95Ms: p95 };
    });
}

/** Fraction of all requests that went to the busiest replica. */
function busiestShare(served: readonly Served[]): number {
  const counts = [...Map.groupBy(served, ({ replica }) => replica).values()].map(({ length }) => length);
  return Math.max(0, ...counts) / Math.max(1, served.length);
}

export function roundOf({ setting, clients, served }: Measured, neighbour = 'off'): Round {
  const { mean, p50, p90, p99, max } = summaryOf(served);
  return {
    setting: nameOf(setting),
    clients,
    neighbour,
    requests: served.length,
    mean_ms: mean,
    p50_ms: p50,
    p90_ms: p90,
    p99_ms: p99,
    max_ms: max,
    requests_per_second: requestsPerSecond(served),
    busiest_replica_share: busiestShare(served),
  };
}

/** A crowd's requests without and with the neighbour, by when they were sent. */
export function crowdRounds(crowd: Measured): Round[] {
  const from = CROWD.neighbourFromSeconds * 1000;
  const before = { ...crowd, served: crowd.served.filter(({ atMs }) => atMs < from) };
  const during = { ...crowd, served: crowd.served.filter(({ atMs }) => atMs >= from) };
  return [roundOf(before), roundOf(during, 'on')];
}

/** The flat summary: the effect of three replicas, and of Ballast beside a neighbour. */
export function summarise(rounds: readonly Round[]): Record<string, number> {
  const figure = (name: string, replicas: string, clients: number, neighbour = 'off'): number => {
    const round = rounds.find(
      (each) => each['setting'] === replicas && each['clients'] === clients && each['neighbour'] === neighbour,
    );
    return Number(round?.[name]);
  };
  const [one, byDefault, byBallast] = ['1 replica', '3 replicas, LEAST_REQUEST', '3 replicas, Ballast'] as const;
  const ratio = (name: string, over: string, under: string, clients: number, neighbour?: string): number =>
    figure(name, over, clients, neighbour) / figure(name, under, clients, neighbour);
  return {
    p50_1_client_ms: figure('p50_ms', one, 1),
    p50_10_clients_ms: figure('p50_ms', one, 10),
    p50_10_clients_3_replicas_ms: figure('p50_ms', byBallast, 10),
    throughput_3_over_1: ratio('requests_per_second', byBallast, one, 10),
    p99_crowd_neighbour_ballast_ms: figure('p99_ms', byBallast, CROWD.clients, 'on'),
    p99_crowd_neighbour_default_ms: figure('p99_ms', byDefault, CROWD.clients, 'on'),
    p99_crowd_neighbour_ratio: ratio('p99_ms', byBallast, byDefault, CROWD.clients, 'on'),
    throughput_crowd_neighbour_ratio: ratio('requests_per_second', byBallast, byDefault, CROWD.clients, 'on'),
  };
}
