/** A run that never was: each round default then Ballast, each first quiet, then with the neighbour. */
import type { MeasuredRun, Phase } from '../../../../tools/local-mesh/report/phases.ts';

export const PHASE_MS = 20_000;

export interface MadeUp {
  /** p99 in ms by round. */
  readonly defaultP99: readonly number[];
  readonly ballastP99: readonly number[];
  readonly quietP99?: { readonly default: number; readonly ballast: number };
  readonly failed?: { readonly default: number; readonly ballast: number };
}

export function madeUpRun(made: MadeUp): MeasuredRun {
  const quiet = made.quietP99 ?? { default: 20, ballast: 20 };
  const failed = made.failed ?? { default: 0, ballast: 0 };
  const phases: Phase[] = [];
  for (const [round, defaultP99] of made.defaultP99.entries()) {
    const busy = { default: defaultP99, ballast: made.ballastP99[round] ?? NaN };
    for (const name of ['default', 'ballast'] as const) {
      for (const neighbour of [false, true]) {
        const startMs = phases.length * PHASE_MS;
        const p99Ms = (neighbour ? busy : quiet)[name];
        phases.push({
          name,
          round,
          neighbour,
          startMs,
          endMs: startMs + PHASE_MS,
          requests: 2000,
          failed: neighbour ? failed[name] : 0,
          latency: { p50Ms: 8, p99Ms, p999Ms: p99Ms * 2 },
        });
      }
    }
  }
  const seconds = Array.from({ length: (phases.length * PHASE_MS) / 1000 }, (_, second) => second);
  const phaseAt = (atMs: number): Phase | undefined => phases[Math.floor(atMs / PHASE_MS)];
  return {
    phases,
    latency: seconds.map((second) => {
      const atMs = second * 1000 + 500;
      return { atMs, p50Ms: 8, p99Ms: phaseAt(atMs)?.latency.p99Ms ?? 1 };
    }),
    nodes: ['node-1', 'node-2', 'node-3', 'node-4'].map((node) => ({
      node,
      points: seconds.flatMap((second) =>
        [0, 250, 500, 750].map((offset) => {
          const atMs = second * 1000 + offset;
          const phase = phaseAt(atMs);
          // Ballast needs 5 s to level; then node-2 stays at 0.82 where the others have 0.7.
          const level = phase?.name === 'ballast' && atMs - phase.startMs >= 5000;
          const busy = phase?.neighbour === true && node === 'node-2';
          return { atMs, utilisation: level ? (busy ? 0.82 : 0.7) : busy ? 1 : 0.6 };
        }),
      ),
    })),
    neighbourNode: 'node-2',
    setting: '100 requests/s',
  };
}
