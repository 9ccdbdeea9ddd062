import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { CHECKOUT } from '../../../../tools/images/build-images.ts';
import { APP_FOLDER, IMAGES, NODE_PATH, imageName } from '../../../../tools/images/definitions.ts';
import { javascriptPath } from '../../../../tools/images/javascript.ts';
import { requestDefinition, resultDefinition } from '../../../../tools/load-generator/operator/api/definitions.ts';
import { brokenBounds, definitionYaml } from '../../../central-controller/cluster/definition-yaml.ts';

const run = promisify(execFile);
const MAIN = 'tools/load-generator/operator/main.ts';

interface Deployment {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}
interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
}

test('the operator is started as its image has it, with flags that it knows', async () => {
  const file = join(CHECKOUT, 'istio-configs/load-generator/base/deployment.yaml');
  const deployment = parse(readFileSync(file, 'utf8')) as Deployment;
  const [container] = deployment.spec.template.spec.containers;
  const definition = IMAGES.find(({ name }) => name === 'load-generator');
  expect(definition?.modules).toContain(MAIN);
  expect(container?.image).toBe(definition && imageName(definition));
  expect(container?.command).toEqual([NODE_PATH, `${APP_FOLDER}/${javascriptPath(MAIN)}`]);
  const { stdout } = await run(process.execPath, [join(CHECKOUT, MAIN), '--help']);
  for (const flag of container?.args.filter((argument) => argument.startsWith('--')) ?? []) {
    expect(stdout).toContain(`${flag} `);
  }
});

const FOLDER = join(import.meta.dirname, '../../../../istio-configs/load-generator/base/crds');

// After a change on purpose: npx vitest run test/tools/load-generator/operator/manifests.test.ts -u
test.each([
  ['loadgenrequests', requestDefinition()],
  ['loadgenresults', resultDefinition()],
])('%s are defined as istio-configs holds it', async (plural, definition) => {
  const text = await definitionYaml(definition, 'tools/load-generator/operator/api');
  await expect(text).toMatchFileSnapshot(join(FOLDER, `${plural}.loadgen.ballast.dev.yaml`));
  expect(brokenBounds(definition)).toEqual([]);
});
