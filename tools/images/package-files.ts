/** The files of npm packages that a program needs at run time, including the packages' dependencies. */
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const NEEDED = /\.(?:[cm]?js|json|wasm|node|so(?:\.\d+)*|css)$|(?:^|\/)(?:LICEN[CS]E|NOTICE|COPYING)[^/]*$/i;
/** Tests, examples and documentation. */
const NOT_NEEDED = /(?:^|\/)(?:tests?|__tests__|benchmarks?|examples?|docs|\.github)\//;
/** 25 MB of classes for the Kubernetes API, which central-controller/kubernetes/client-node.ts keeps from being loaded. */
const NOT_LOADED = /@kubernetes\/client-node\/dist\/gen\/(?:apis|models|types)\//;

async function readPackage(root: string, folder: string): Promise<PackageJson | undefined> {
  return readFile(join(root, folder, 'package.json'), 'utf8').then(
    (text) => JSON.parse(text) as PackageJson,
    () => undefined,
  );
}

/** Where Node finds package `name` from `folder`: in the nearest `node_modules` upwards; undefined if there is none. */
async function locate(root: string, folder: string, name: string): Promise<string | undefined> {
  for (let from = folder; ; from = dirname(from)) {
    const candidate = join(from, 'node_modules', name);
    if ((await readPackage(root, candidate)) !== undefined) return candidate;
    if (from === '.') return undefined;
  }
}

/**
 * Sorted paths, relative to the checkout at `root`.
 * @throws Error if a package is not installed and not optional
 */
export async function packageFiles(root: string, names: readonly string[]): Promise<string[]> {
  const folders = new Set<string>();
  const needPackage = async (from: string, name: string, isOptional: boolean): Promise<void> => {
    const folder = await locate(root, from, name);
    if (folder !== undefined) folders.add(folder);
    else if (!isOptional) throw new Error(`package ${name} is not installed: run npm ci`);
  };
  for (const name of names) await needPackage('.', name, false);
  for (const folder of folders) {
    const { dependencies, optionalDependencies, peerDependencies } = (await readPackage(root, folder)) ?? {};
    for (const name of Object.keys(dependencies ?? {}))
      await needPackage(folder, name, name in (optionalDependencies ?? {}));
    for (const name of Object.keys({ ...optionalDependencies, ...peerDependencies }))
      await needPackage(folder, name, true);
  }
  const files = await Promise.all([...folders].map(async (folder) => filesOf(root, folder)));
  return files.flat().toSorted();
}

async function filesOf(root: string, folder: string): Promise<string[]> {
  const files = await Array.fromAsync(
    glob('**/*', { cwd: join(root, folder), exclude: (path) => path.includes('node_modules') }),
  );
  return files
    .filter((file) => NEEDED.test(file) && !NOT_NEEDED.test(file))
    .map((file) => join(folder, file))
    .filter((file) => !NOT_LOADED.test(file));
}
