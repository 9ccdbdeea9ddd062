/** Measures applications one after the other: installed, compared, removed. */
import type { DemoResult } from '../../local-mesh/demo.ts';
import { loadApplication } from '../../local-mesh/applications.ts';
import { LabApplication } from '../applications/application.ts';
import { pauseReplicas } from '../applications/pause.ts';
import { renewVolumes } from '../applications/volumes.ts';
import { compare, type Show } from '../demo/compare.ts';
import type { LabFlags } from '../demo/flags.ts';
import type { Lab } from '../lab.ts';
import { SECOND_INGRESS_ADDRESS } from '../settings.ts';

/** One application's outcome. */
export type Surveyed =
  | { readonly application: string; readonly result: DemoResult }
  | { readonly application: string; readonly error: unknown };

interface SurveyOptions {
  readonly flags: LabFlags;
  readonly show: Show;
  /** Ends the survey early; what is installed is removed all the same. */
  readonly signal: AbortSignal;
}

/**
 * Outcomes of the applications, in their order; one that cannot be measured does not keep the others from it. Replicas
 * of `paused`, the namespace of what runs in the lab besides, are away meanwhile.
 */
export async function survey(
  lab: Lab,
  names: readonly string[],
  paused: string,
  options: SurveyOptions,
): Promise<Surveyed[]> {
  const resume = await pauseReplicas(lab.kubectl, paused);
  const outcomes: Surveyed[] = [];
  try {
    for (const application of names) {
      if (options.signal.aborted) break;
      try {
        outcomes.push({ application, result: await surveyOne(lab, application, options) });
      } catch (error) {
        outcomes.push({ application, error });
      }
    }
  } finally {
    await resume();
  }
  return outcomes;
}

async function surveyOne(lab: Lab, name: string, { flags, show, signal }: SurveyOptions): Promise<DemoResult> {
  const application = new LabApplication(lab.kubectl, await loadApplication(name), SECOND_INGRESS_ADDRESS);
  try {
    await show([{ title: name, run: (say) => bringUp(lab, application, say) }]);
    return await compare(lab, application, flags, { show, signal });
  } finally {
    await application.remove();
  }
}

/** Sidecars and replicas start at the machine's own speed; the comparison gives the nodes their sizes. */
async function bringUp(lab: Lab, application: LabApplication, say: (text: string) => void): Promise<string> {
  for (const node of lab.workers) node.limit(false);
  await renewVolumes(lab.kubectl, lab.folder);
  await application.install();
  await application.untilReady(say);
  await application.untilBalanced();
  return application.ingress.href;
}
