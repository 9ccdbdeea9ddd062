/** The hotel application as meshes run it. */
import type { MeshApplication } from './application.ts';
import { applicationManifests } from '../manifests/application-manifests.ts';
import { SERVICE_NAMES } from '../../../apps/hotel-reservation/services/service.ts';

const NAME = 'hotel-reservation';

export const application: MeshApplication = {
  name: NAME,
  services: SERVICE_NAMES,
  manifests: (routing) => applicationManifests(NAME, routing, routing.toLowerCase()),
  replica: (service, { listen, data }) => ({
    module: 'apps/hotel-reservation/main.ts',
    flags: { service, listen, data },
  }),
  mix: 'hotel',
};
