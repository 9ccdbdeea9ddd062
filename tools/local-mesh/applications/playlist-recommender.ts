/** The playlist recommender as meshes run it. */
import { BallastError } from '../../../contract/errors.ts';
import type { MeshApplication } from './application.ts';
import { applicationManifests } from '../manifests/application-manifests.ts';
import { DEFAULT_THRESHOLDS } from '../../../apps/playlist-recommender/miner/association-rules.ts';
import { mineRules } from '../../../apps/playlist-recommender/miner/mine-rules.ts';
import { ModelFolder } from '../../../apps/playlist-recommender/model/model-folder.ts';

const NAME = 'playlist-recommender';
const SOURCE = { dataset: 'generated:', version: '1.0.0', ...DEFAULT_THRESHOLDS };

export const application: MeshApplication = {
  name: NAME,
  services: [NAME],
  manifests: (routing) => applicationManifests(NAME, routing),
  replica: (_service, { listen, shared }) => ({
    module: 'apps/playlist-recommender/main.ts',
    flags: { listen, data: shared },
  }),
  prepare: async (shared) => {
    const mined = await mineRules(new ModelFolder(shared), SOURCE, () => new Date());
    if (!mined.ok) throw new BallastError(mined.failure.code, mined.failure.message);
  },
  mix: NAME,
};
