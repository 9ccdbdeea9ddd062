import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Figures, Job, Outcome } from './job.ts';

async function ask(worker: ChildProcess, job: Job, signal: AbortSignal): Promise<Figures> {
  worker.send(job);
  const [outcome] = (await once(worker, 'message', { signal })) as [Outcome];
  if ('figures' in outcome) return outcome.figures;
  throw new Error(`${job.policy} on ${job.workload} at seed ${job.seed}: ${outcome.problem}`);
}

/** Aborted when the process ends as well, when no one waits for it. */
function alsoWhenGone(worker: ChildProcess, signal: AbortSignal): AbortSignal {
  const gone = new AbortController();
  worker.once('exit', (code) => gone.abort(new Error(`a simulating process ended with ${code}`)));
  return AbortSignal.any([signal, gone.signal]);
}

/** Runs all jobs, each in one of `processes` processes, and reports the result of each. Rejects when one fails. */
export async function runAll(
  jobs: readonly Job[],
  processes: number,
  signal: AbortSignal,
  done: (job: Job, figures: Figures) => void,
): Promise<void> {
  const waiting = [...jobs];
  const workers = Array.from({ length: Math.min(processes, jobs.length) }, () =>
    fork(new URL('./worker.ts', import.meta.url)),
  );
  try {
    await Promise.all(
      workers.map(async (worker) => {
        const stop = alsoWhenGone(worker, signal);
        for (let job = waiting.shift(); job !== undefined; job = waiting.shift())
          done(job, await ask(worker, job, stop));
      }),
    );
  } finally {
    for (const worker of workers) worker.kill();
  }
}
