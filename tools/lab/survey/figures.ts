/** The survey's metrics of each application, and of all. Pure. */
import { metricsOf, p99Ratios, spread, type Spread } from '../../local-mesh/report/metrics.ts';
import type { MeasuredRun } from '../../local-mesh/report/phases.ts';

/** One line of the survey: Istio's default and Ballast with a noisy pod on a node. */
export interface ApplicationMetrics {
  readonly application: string;
  /** Requests per second. */
  readonly rate: number;
  /** CPU of the nodes per request, milliseconds. */
  readonly requestCpuMs: number | null;
  /** Median and range of the rounds, milliseconds. */
  readonly defaultP99Ms: Spread;
  readonly ballastP99Ms: Spread;
  /** Ballast's p99 over the default's: median of the rounds' ratios. */
  readonly p99Ratio: number;
  readonly requests: number;
  readonly failedDefault: number;
  readonly failedBallast: number;
}

/** Flat, so that programs can compare runs. `null` means that nothing was measured. */
export interface SurveySummary {
  readonly worst_p99_ratio: number | null;
  /** Over all applications and phases of Ballast. */
  readonly failed: number;
}

/** @throws Error if the run has no round with the neighbour in which both balancers were measured */
export function metricsOfApplication(
  application: string,
  { run, rate, requestCpuSeconds }: { run: MeasuredRun; rate: number; requestCpuSeconds?: number },
): ApplicationMetrics {
  const noisy = metricsOf(run).filter(({ neighbour }) => neighbour);
  const other = noisy.find(({ name }) => name === 'default');
  const ballast = noisy.find(({ name }) => name === 'ballast');
  const ratio = spread(p99Ratios(run, true));
  if (!other || !ballast || !ratio) throw new Error(`${application}: there is no round in which both were measured`);
  return {
    application,
    rate,
    requestCpuMs: requestCpuSeconds === undefined ? null : requestCpuSeconds * 1000,
    defaultP99Ms: other.p99Ms,
    ballastP99Ms: ballast.p99Ms,
    p99Ratio: ratio.median,
    requests: other.requests + ballast.requests,
    failedDefault: other.failed,
    failedBallast: ballast.failed,
  };
}

export function summariseSurvey(figures: readonly ApplicationMetrics[]): SurveySummary {
  return {
    worst_p99_ratio: spread(figures.map(({ p99Ratio }) => p99Ratio))?.max ?? null,
    failed: figures.reduce((sum, { failedBallast }) => sum + failedBallast, 0),
  };
}
