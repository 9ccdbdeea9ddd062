/** Shows steps as they are done: a live list on a terminal, plain lines on standard error elsewhere. */
import { Listr } from 'listr2';
import pc from 'picocolors';

export interface ShownStep {
  readonly title: string;
  /** `say` shows how far it is; what is returned is shown when it is done. */
  run(progress: (text: string) => void): Promise<string | undefined>;
}

/** Runs the steps one after the other; the first error ends it and is thrown. */
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
  // Ctrl-C is the caller's: it has processes to end.
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
