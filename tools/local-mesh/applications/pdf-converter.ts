/** The converter as meshes run it. */
import { join } from 'node:path';
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';
import type { MeshApplication } from './application.ts';
import { applicationManifests } from '../manifests/application-manifests.ts';

const NAME = 'pdf-converter';

/** Local meshes have no DNS, and so no headless Services: there the replicas find each other in a folder. */
function isHeadless({ kind, spec }: Manifest): boolean {
  const isObject = typeof spec === 'object' && spec !== null;
  return kind === 'Service' && isObject && 'clusterIP' in spec && spec.clusterIP === 'None';
}

export const application: MeshApplication = {
  name: NAME,
  services: [NAME],
  manifests: async (routing) => (await applicationManifests(NAME, routing)).filter((manifest) => !isHeadless(manifest)),
  replica: (_service, { listen, shared }) => ({
    module: 'apps/pdf-converter/main.ts',
    flags: { listen, 'peers-folder': join(shared, 'replicas') },
  }),
  mix: NAME,
};
