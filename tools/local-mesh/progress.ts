/** Runs steps and shows their progress: a live list on a terminal, else plain lines on standard error. */
import { Listr } from 'listr2';
import pc from 'picocolors';

export interface ShownStep {
  readonly title: string;
  /** `progress` shows how far the step is. The returned text is shown at its end. */
  run(progress: (text: string) => void): Promise<string | undefined>;
}

/** Runs the steps one after the other. The first error ends the run and is thrown. */
export async function runSteps(steps: readonly ShownStep[], live: boolean): Promise<void> {
  if (live) await runLive(steps);
  else await runPlain(steps);
}

async function runLive(steps: readonly ShownStep[]): Promise<void> {
  const tasks = steps.map(({ title, run }) => ({
    title,
    task: async (_: unknown, task: { output: string; title: string }) => {
      const done = await run((text) => {
        task.output = text;
      });
      if (done !== undefined) task.title = `${title}: ${pc.dim(done)}`;
    },
  }));
  // The caller handles Ctrl-C, because it has processes to end.
  await new Listr(tasks, { registerSignalListeners: false, rendererOptions: { showErrorMessage: false } }).run();
}

async function runPlain(steps: readonly ShownStep[]): Promise<void> {
  for (const { title, run } of steps) {
    const start = performance.now();
    const done = await run(() => {});
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.error(`${title}${done === undefined ? '' : `: ${done}`} (${seconds} s)`);
  }
}
