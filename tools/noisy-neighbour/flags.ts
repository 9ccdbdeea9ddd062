/** Checks the flags. */
import { type Result, failure, success } from '../../contract/result.ts';
import { parseSeconds } from '../../apps/service/flags.ts';

export interface Flags {
  readonly cores?: string;
  readonly percent?: string;
  readonly of?: string;
  readonly duration?: string;
  readonly threads: string;
  readonly period: string;
}

export interface NeighbourOptions {
  /** CPU to use, over all threads. */
  readonly cores: number;
  /** Without it the process runs until it gets a signal. */
  readonly durationSeconds?: number;
  readonly threads: number;
  readonly periodMs: number;
}

export function checkFlags(flags: Flags): Result<NeighbourOptions> {
  if ((flags.cores === undefined) === (flags.percent === undefined)) {
    return failure('INVALID_FLAG', 'Give either --cores or --percent.');
  }
  if (flags.of !== undefined && flags.percent === undefined) return failure('INVALID_FLAG', '--of needs --percent.');
  const percent = flags.percent === undefined ? 100 : above0(flags.percent);
  if (percent === undefined) return refuse('percent', flags.percent, 'a number above 0');
  const whole = above0(flags.cores ?? flags.of ?? '1');
  if (whole === undefined)
    return refuse(flags.cores === undefined ? 'of' : 'cores', flags.cores ?? flags.of, 'a number of cores above 0');
  const threads = above0(flags.threads);
  if (threads === undefined || !Number.isInteger(threads)) {
    return refuse('threads', flags.threads, 'a whole number above 0');
  }
  const periodMs = above0(flags.period);
  if (periodMs === undefined || periodMs < 1) return refuse('period', flags.period, 'a number of milliseconds from 1');
  const cores = (percent / 100) * whole;
  if (cores > threads) {
    return failure(
      'INVALID_FLAG',
      `--threads ${threads} cannot take ${cores} cores: give at least ${Math.ceil(cores)}.`,
    );
  }
  if (flags.duration === undefined) return success({ cores, threads, periodMs });
  const durationSeconds = parseSeconds(flags.duration);
  if (durationSeconds === undefined) return refuse('duration', flags.duration, 'a time such as 500ms, 30s or 2m');
  return success({ cores, threads, periodMs, durationSeconds });
}

function above0(text: string): number | undefined {
  const value = text.trim() === '' ? NaN : Number(text);
  return value > 0 && value < Infinity ? value : undefined;
}

function refuse(flag: string, given: string | undefined, expected: string): Result<never> {
  return failure('INVALID_FLAG', `--${flag} ${given ?? ''} is not ${expected}.`);
}
