/** Measures applications one after the other: installs, compares and removes each. */
import type { DemoResult } from '../../local-mesh/demo.ts';
import { applicationNamed } from '../../local-mesh/applications/applications.ts';
import { LabApplication } from '../applications/application.ts';
import { renewVolumes } from '../applications/volumes.ts';
import { type LabFlags, type Show, compare } from '../demo/compare.ts';
import type { Lab } from '../lab.ts';
import { SECOND_INGRESS_ADDRESS } from '../settings.ts';

/** Outcome of one application. */
export type Surveyed =
  | { readonly application: string; readonly result: DemoResult }
  | { readonly application: string; readonly error: unknown };

interface SurveyOptions {
  readonly flags: LabFlags;
  readonly show: Show;
  /** Ends the survey early. Installed applications are still removed. */
  readonly signal: AbortSignal;
}

/** Outcomes of the applications, in their order. A failure of one does not stop the survey. */
export async function survey(lab: Lab, names: readonly string[], options: SurveyOptions): Promise<Surveyed[]> {
  const outcomes: Surveyed[] = [];
  for (const name of names) {
    if (options.signal.aborted) break;
    outcomes.push(...(await surveyOne(lab, name, options)));
  }
  return outcomes;
}

/** A result counts even if the application cannot be removed afterwards: then there are two outcomes. */
async function surveyOne(lab: Lab, name: string, { flags, show, signal }: SurveyOptions): Promise<Surveyed[]> {
  const application = new LabApplication(lab.kubectl, applicationNamed(name), SECOND_INGRESS_ADDRESS);
  const outcomes: Surveyed[] = [];
  const failed = (error: unknown): void => void outcomes.push({ application: name, error });
  try {
    await show([{ title: name, run: (progress) => bringUp(lab, application, progress) }]);
    outcomes.push({ application: name, result: await compare(lab, application, flags, { show, signal }) });
  } catch (error) {
    failed(error);
  }
  await application.remove().catch(failed);
  return outcomes;
}

/** Sidecars and replicas start at the machine's speed. The comparison limits the nodes. */
async function bringUp(lab: Lab, application: LabApplication, progress: (text: string) => void): Promise<string> {
  for (const node of lab.workers) node.limit(false);
  await renewVolumes(lab.kubectl, lab.folder);
  await application.install();
  await application.untilReady(progress);
  await application.untilBalanced();
  return application.ingress.href;
}
