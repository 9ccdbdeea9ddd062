/** One lab for all files of the project: up before the first, down after the last. */
import { downLab } from '../../../tools/lab/down.ts';
import { upLab } from '../../../tools/lab/up.ts';
import { runSteps } from '../../../tools/local-mesh/progress.ts';

/** Brings the lab up, or up to date, and prints its progress. The returned function takes the lab down. */
export async function setup(): Promise<() => Promise<void>> {
  const lab = await upLab({ until: 'hotel' }, async (steps) => runSteps(steps, false));
  // These tests ask what is right, not what is fast: the machine is shared by them and the lab.
  for (const node of lab.workers) node.limit(false);
  return async () => {
    await downLab();
  };
}
