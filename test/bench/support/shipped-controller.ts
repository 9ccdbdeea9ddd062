/** The controller as its image has it: JavaScript, and Node with the image's flags. Started from source, it would hold a compiler as well. */
import { globSync } from 'node:fs';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { IMAGES } from '../../../tools/images/definitions.ts';
import { javascriptPath } from '../../../tools/images/javascript.ts';
import { reachedFrom } from '../../../tools/images/reached-modules.ts';

const MAIN = 'central-controller/main.ts';

/**
 * Writes the program into the new `folder`.
 *
 * @param checkout of this version, or of another one with its packages installed
 * @returns arguments of Node that start it; its own flags come after them
 */
export async function shippedController(checkout: string, folder: string): Promise<string[]> {
  const root = resolve(checkout);
  const { modules, data } = await reachedFrom(root, [MAIN]);
  const files = globSync('central-controller/**/*.{html,css,js,svg}', { cwd: root });
  for (const [path, code] of modules) {
    const file = join(folder, javascriptPath(path));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, code);
  }
  for (const path of new Set(['package.json', ...data, ...files])) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    if (!modules.has(path)) await copyFile(join(root, path), file);
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const flags = IMAGES.find(({ name }) => name === 'central-controller')?.nodeFlags ?? [];
  return [...flags, join(folder, javascriptPath(MAIN))];
}
