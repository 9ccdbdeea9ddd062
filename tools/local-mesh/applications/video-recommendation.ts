/** The video recommendation application as meshes run it. */
import type { MeshApplication } from './application.ts';
import { applicationManifests } from '../manifests/application-manifests.ts';
import { SERVICE_NAMES } from '../../../apps/video-recommendation/flags.ts';

const NAME = 'video-recommendation';

export const application: MeshApplication = {
  name: NAME,
  services: SERVICE_NAMES,
  manifests: (routing) => applicationManifests(NAME, routing),
  replica: (service, { listen }) => ({
    module: 'apps/video-recommendation/main.ts',
    flags: { service, listen },
  }),
  mix: 'video-recommendation',
};
