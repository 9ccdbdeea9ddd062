/** Measures a change by what a client saw: when it took effect, and for how long no request was answered. Pure. */

/** What changes: the data set, the number of replicas, or the code. */
export const EXPERIMENTS = ['data', 'replicas', 'code'] as const;
export type Experiment = (typeof EXPERIMENTS)[number];

/** One request. Times are ms of one clock; the change began at 0, so those before it are negative. */
export interface Sample {
  readonly sentMs: number;
  readonly endMs: number;
  /** Undefined: the request failed. */
  readonly answer?: { readonly version: string; readonly modelDate: string; readonly replica: string };
  readonly error?: string;
}

/** What is to be seen before an experiment is over. */
export interface Aim {
  readonly experiment: Experiment;
  /** Experiment `replicas`: how many there are afterwards. */
  readonly replicas: number;
  /** So long nothing old is seen any more, ms. */
  readonly settleMs: number;
}

export interface Effect {
  /** Model date or version before and after; or the names of the replicas. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** First answer with something new; for fewer replicas, the same as `completeMs`. */
  readonly firstMs: number;
  /** From here on nothing old answered. */
  readonly completeMs: number;
}

/** What the experiment changes, as this answer shows it. */
function valueOf({ answer }: Sample, experiment: Experiment): string | undefined {
  if (!answer) return undefined;
  if (experiment === 'data') return answer.modelDate;
  return experiment === 'code' ? answer.version : answer.replica;
}

/** The effect; undefined while it is not there as a whole. */
export function effectOf(samples: readonly Sample[], { experiment, replicas, settleMs }: Aim): Effect | undefined {
  const endMs = samples.at(-1)?.endMs ?? 0;
  const settledFrom = endMs - settleMs;
  if (settledFrom < 0) return undefined;
  const valuesOf = (some: readonly Sample[]): string[] =>
    [...new Set(some.flatMap((sample) => valueOf(sample, experiment) ?? []))].toSorted();
  const before = valuesOf(samples.filter((sample) => sample.endMs < 0));
  const settled = samples.filter(({ sentMs }) => sentMs >= settledFrom);
  const after = valuesOf(settled);
  const isNew = (sample: Sample): boolean => {
    const value = valueOf(sample, experiment);
    return value !== undefined && !before.includes(value);
  };
  const isGone = (sample: Sample): boolean => {
    const value = valueOf(sample, experiment);
    return value !== undefined && before.includes(value) && !after.includes(value);
  };
  const isThere =
    experiment === 'replicas' ? after.length === replicas : after.length === 1 && settled.filter(isNew).length > 0;
  if (!isThere || settled.some(({ answer }) => !answer)) return undefined;
  const firstNew = samples.find((sample) => sample.endMs >= 0 && isNew(sample))?.endMs;
  const lastOld = samples.findLast(isGone)?.endMs ?? 0;
  const completeMs = Math.max(0, lastOld, firstNew ?? 0);
  return { before, after, firstMs: firstNew ?? completeMs, completeMs };
}

export interface Downtime {
  readonly requests: number;
  readonly failed: number;
  /** Sum of the times from the last answer before a failure to the next one after it, ms. */
  readonly downtimeMs: number;
  /** The longest of them. */
  readonly longestMs: number;
  readonly firstError: string | undefined;
}

export function downtimeOf(samples: readonly Sample[]): Downtime {
  let downtimeMs = 0;
  let longestMs = 0;
  let lastAnswerMs = samples[0]?.sentMs ?? 0;
  let hasFailed = false;
  const close = (untilMs: number): void => {
    if (!hasFailed) return;
    downtimeMs += untilMs - lastAnswerMs;
    longestMs = Math.max(longestMs, untilMs - lastAnswerMs);
    hasFailed = false;
  };
  for (const { endMs, answer } of samples) {
    if (!answer) {
      hasFailed = true;
      continue;
    }
    close(endMs);
    lastAnswerMs = endMs;
  }
  close(samples.at(-1)?.endMs ?? 0);
  const failures = samples.filter(({ answer }) => !answer);
  return { requests: samples.length, failed: failures.length, downtimeMs, longestMs, firstError: failures[0]?.error };
}
