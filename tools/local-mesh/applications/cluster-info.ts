/** cluster-info as meshes run it. */
import type { MeshApplication } from './application.ts';
import { applicationManifests } from '../manifests/application-manifests.ts';

const NAME = 'cluster-info';

export const application: MeshApplication = {
  name: NAME,
  services: [NAME],
  manifests: (routing) => applicationManifests(NAME, routing),
  // As in its manifests: without work there would be nothing to balance.
  replica: (_service, { listen }) => ({ module: 'apps/cluster-info/main.ts', flags: { listen, 'work-ms': '3' } }),
  mix: NAME,
};
