/** The applications that meshes run, by name. */
import { join } from 'node:path';
import { SERVICE_NAMES as HOTEL_SERVICES } from '../../../apps/hotel-reservation/services/service.ts';
import { DEFAULT_THRESHOLDS } from '../../../apps/playlist-recommender/miner/association-rules.ts';
import { SERVICE_NAMES as VIDEO_SERVICES } from '../../../apps/video-recommendation/flags.ts';
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';
import { BallastError } from '../../../contract/errors.ts';
import { applicationManifests } from '../manifests/application-manifests.ts';
import type { MeshApplication } from './application.ts';

const clusterInfo: MeshApplication = {
  name: 'cluster-info',
  services: ['cluster-info'],
  manifests: (routing) => applicationManifests('cluster-info', routing),
  // The same work as in its manifests: without it there would be nothing to balance.
  replica: (_service, { listen }) => ({ module: 'apps/cluster-info/main.ts', flags: { listen, 'work-ms': '3' } }),
  mix: 'cluster-info',
};

export const hotelReservation: MeshApplication = {
  name: 'hotel-reservation',
  services: HOTEL_SERVICES,
  manifests: (routing) => applicationManifests('hotel-reservation', routing, routing.toLowerCase()),
  replica: (service, { listen, data }) => ({
    module: 'apps/hotel-reservation/main.ts',
    flags: { service, listen, data },
  }),
  mix: 'hotel',
};

function isHeadless({ kind, spec }: Manifest): boolean {
  const isObject = typeof spec === 'object' && spec !== null;
  return kind === 'Service' && isObject && 'clusterIP' in spec && spec.clusterIP === 'None';
}

export const pdfConverter: MeshApplication = {
  name: 'pdf-converter',
  services: ['pdf-converter'],
  // A local mesh has no DNS and so no headless Services: replicas find each other in a folder.
  manifests: async (routing) =>
    (await applicationManifests('pdf-converter', routing)).filter((manifest) => !isHeadless(manifest)),
  replica: (_service, { listen, shared }) => ({
    module: 'apps/pdf-converter/main.ts',
    flags: { listen, 'peers-folder': join(shared, 'replicas') },
  }),
  mix: 'pdf-converter',
};

const PLAYLISTS = { dataset: 'generated:', version: '1.0.0', ...DEFAULT_THRESHOLDS };

export const playlistRecommender: MeshApplication = {
  name: 'playlist-recommender',
  services: ['playlist-recommender'],
  manifests: (routing) => applicationManifests('playlist-recommender', routing),
  replica: (_service, { listen, shared }) => ({
    module: 'apps/playlist-recommender/main.ts',
    flags: { listen, data: shared },
  }),
  async prepare(shared) {
    const [{ mineRules }, { ModelFolder }] = await Promise.all([
      import('../../../apps/playlist-recommender/miner/mine-rules.ts'),
      import('../../../apps/playlist-recommender/model/model-folder.ts'),
    ]);
    const mined = await mineRules(new ModelFolder(shared), PLAYLISTS, () => new Date());
    if (!mined.ok) throw new BallastError(mined.failure.code, mined.failure.message);
  },
  mix: 'playlist-recommender',
};

const videoRecommendation: MeshApplication = {
  name: 'video-recommendation',
  services: VIDEO_SERVICES,
  manifests: (routing) => applicationManifests('video-recommendation', routing),
  replica: (service, { listen }) => ({
    module: 'apps/video-recommendation/main.ts',
    flags: { service, listen },
  }),
  mix: 'video-recommendation',
};

const APPLICATIONS = [clusterInfo, hotelReservation, pdfConverter, playlistRecommender, videoRecommendation];

export const APPLICATION_NAMES: readonly string[] = APPLICATIONS.map(({ name }) => name);

/** @throws BallastError INVALID_FLAG where no application has this name */
export function applicationNamed(name: string): MeshApplication {
  const found = APPLICATIONS.find((application) => application.name === name);
  if (found) return found;
  throw new BallastError('INVALID_FLAG', `there is no application ${name}, but ${APPLICATION_NAMES.join(', ')}`);
}
