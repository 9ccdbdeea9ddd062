import { format } from 'prettier';
import { expect, it } from 'vitest';
import { createProgram } from '../../../central-controller/cli/program.ts';
import { ballast } from './ballast-process.ts';
import { cliPage } from './cli-page.ts';

const page = new URL('../../../docs/reference/cli.md', import.meta.url).pathname;

// To update the page: npx vitest run test/central-controller/cli/reference.test.ts -u
it('docs/reference/cli.md describes the commands as they are', async () => {
  const text = await format(cliPage(createProgram()), { parser: 'markdown', printWidth: 120, proseWrap: 'preserve' });
  await expect(text).toMatchFileSnapshot(page);
});

it.each([
  [['--help'], 0],
  [['render', '--from', '/nowhere.yaml'], 1],
  [['weights', 'set', 'geo'], 2],
  [['weights', 'set', 'geo', 'geo-0', '120%'], 2],
  [['pause'], 2],
  [['status', '--controller', 'http://127.0.0.1:1'], 3],
  [['doctor', '--kubeconfig', '/nowhere'], 2],
])('%j exits with code %i', async (args, code) => {
  expect((await ballast(args)).code).toBe(code);
});
