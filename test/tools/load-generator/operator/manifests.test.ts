import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { CHECKOUT } from '../../../../tools/images/application-files.ts';
import { APP_FOLDER, imageName, IMAGES, NODE_PATH } from '../../../../tools/images/definitions.ts';
import { javascriptPath } from '../../../../tools/images/javascript.ts';

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
