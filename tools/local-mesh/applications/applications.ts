/** The applications that meshes run, by name. Only the one that is asked for is loaded. */
import { BallastError } from '../../../contract/errors.ts';
import type { MeshApplication } from './application.ts';

const APPLICATIONS: Readonly<Record<string, () => Promise<{ readonly application: MeshApplication }>>> = {
  'cluster-info': () => import('./cluster-info.ts'),
  'hotel-reservation': () => import('./hotel-reservation.ts'),
  'pdf-converter': () => import('./pdf-converter.ts'),
  'playlist-recommender': () => import('./playlist-recommender.ts'),
  'video-recommendation': () => import('./video-recommendation.ts'),
};

export const APPLICATION_NAMES: readonly string[] = Object.keys(APPLICATIONS);

/** @throws BallastError INVALID_FLAG where there is none of this name */
export async function loadApplication(name: string): Promise<MeshApplication> {
  const load = APPLICATIONS[name];
  if (load) return (await load()).application;
  throw new BallastError('INVALID_FLAG', `there is no application ${name}, but ${APPLICATION_NAMES.join(', ')}`);
}
