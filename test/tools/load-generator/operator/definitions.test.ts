import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requestDefinition, resultDefinition } from '../../../../tools/load-generator/operator/api/definitions.ts';
import { brokenBounds, definitionYaml } from '../../../central-controller/cluster/definition-yaml.ts';

const FOLDER = join(import.meta.dirname, '../../../../istio-configs/load-generator/base/crds');

// After a change on purpose: npx vitest run test/tools/load-generator/operator/definitions.test.ts -u
test.each([
  ['loadgenrequests', requestDefinition()],
  ['loadgenresults', resultDefinition()],
])('%s are defined as istio-configs holds it', async (plural, definition) => {
  const text = await definitionYaml(definition, 'tools/load-generator/operator/api');
  await expect(text).toMatchFileSnapshot(join(FOLDER, `${plural}.loadgen.ballast.dev.yaml`));
  expect(brokenBounds(definition)).toEqual([]);
});
