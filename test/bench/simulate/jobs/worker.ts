/** A process that runs one simulation after the other, as messages ask for them. */
import { contenders } from '../contenders.ts';
import { run } from '../fleet/run.ts';
import { workloads } from '../workloads/all.ts';
import { metricsOf, type Job, type Outcome } from './job.ts';

async function outcome({ workload, policy, seed }: Job): Promise<Outcome> {
  const load = workloads.find(({ name }) => name === workload);
  const contender = contenders.find(({ name }) => name === policy);
  if (load === undefined || contender === undefined) return { problem: `nobody knows ${workload} or ${policy}` };
  try {
    return { figures: metricsOf(await run(load, contender, seed)) };
  } catch (error) {
    return { problem: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on('message', (job: Job) => {
  void outcome(job).then((answer) => process.send?.(answer));
});
// The parent process is gone.
process.once('disconnect', () => process.exit());
