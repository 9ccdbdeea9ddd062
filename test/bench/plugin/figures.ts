/** Figures of the rounds. Pure. */
import type { Round } from '../support/bench.ts';

export interface Quartiles {
  readonly first: number;
  readonly median: number;
  readonly third: number;
}

/** Of at least one value; interpolated between neighbours. */
export function quartiles(values: readonly number[]): Quartiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = sorted[Math.floor(place)] ?? NaN;
    const above = sorted[Math.ceil(place)] ?? NaN;
    return below + (above - below) * (place - Math.floor(place));
  };
  return { first: at(0.25), median: at(0.5), third: at(0.75) };
}

/** CPU time per request of a variant over the rounds, microseconds. */
export function costOf(rounds: readonly Round[], name: string): Quartiles {
  return quartiles(rounds.map((round) => Number(round[name])));
}

/** Ratio of two variants' costs in the same round, over the rounds. */
export function ratioOf(rounds: readonly Round[], name: string, to: string): Quartiles {
  return quartiles(rounds.map((round) => Number(round[name]) / Number(round[to])));
}

/**
 * What the plugin costs with more replicas over what it costs with ten, each against the proxy without it and with as
 * many replicas: Envoy then has more connections and hosts, with or without the plugin.
 */
function moreReplicas(rounds: readonly Round[], count: 100 | 1000): number {
  const ratios = rounds.map((round) => {
    const [plugin, none] = [`ballast ${count}`, `none ${count}`].map((name) => Number(round[name]));
    return (plugin ?? NaN) / (none ?? NaN) / (Number(round['ballast 10']) / Number(round['none']));
  });
  return quartiles(ratios).median;
}

/** What a proxy that calls three services costs in a mesh of 10,000 replicas over what it costs in a mesh of 60. */
export function summariseMesh(rounds: readonly Round[], tableBytes: number): Record<string, number> {
  const { first, median, third } = ratioOf(rounds, 'mesh 10000', 'mesh 60');
  return {
    mesh_cpu_ratio: median,
    mesh_cpu_ratio_quartile_1: first,
    mesh_cpu_ratio_quartile_3: third,
    mesh_60_us: costOf(rounds, 'mesh 60').median,
    mesh_10000_us: costOf(rounds, 'mesh 10000').median,
    proxy_table_kb: tableBytes / 1000,
  };
}

/** The flat summary: medians, and for the main ratio its quartiles. */
export function summarise(rounds: readonly Round[], names: readonly string[]): Record<string, number> {
  const ratio = (name: string, to: string): number => ratioOf(rounds, name, to).median;
  const main = ratioOf(rounds, 'ballast 10', 'none');
  return {
    cpu_ratio: main.median,
    cpu_ratio_quartile_1: main.first,
    cpu_ratio_quartile_3: main.third,
    cpu_ratio_to_session: ratio('ballast 10', 'session'),
    cpu_ratio_to_idle: ratio('ballast 10', 'idle'),
    cpu_ratio_of_idle: ratio('idle', 'none'),
    cpu_ratio_bare: ratio('bare ballast', 'bare none'),
    cpu_ratio_of_lua: ratio('lua 10', 'none'),
    cpu_ratio_of_lua_draw: ratio('lua draw', 'none'),
    lua_ratio: ratio('ballast 10', 'lua 10'),
    lua_draw_ratio: ratio('ballast 10', 'lua draw'),
    replicas_100_over_10: moreReplicas(rounds, 100),
    replicas_1000_over_10: moreReplicas(rounds, 1000),
    replicas_1000_over_10_with_envoy: ratio('ballast 1000', 'ballast 10'),
    none_1000_over_10: ratio('none 1000', 'none'),
    ...Object.fromEntries(names.map((name) => [`${name.replace(' ', '_')}_us`, costOf(rounds, name).median])),
  };
}
