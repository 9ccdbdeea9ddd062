/** Makes the images without Docker, from this machine's Node and its libraries. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { glob, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BallastError } from '../../contract/errors.ts';
import { pluginDigest, stalePins } from './pin.ts';
import {
  APP_FOLDER,
  APPLICATION_PORT,
  ENVIRONMENT,
  type ImageDefinition,
  NODE_PATH,
  USER,
  entrypoint,
  imageName,
} from './definitions.ts';
import { librariesOf, programWithLibraries } from './host-files.ts';
import { type Image, type ImageEntry, type ImageLayer, writeImages } from './image-archive.ts';
import { buildPlugin } from '../../wasm-plugin/build.ts';
import { javascriptPath } from './javascript.ts';
import { packageFiles } from './package-files.ts';
import { reachedFrom } from './reached-modules.ts';

export const CHECKOUT = join(import.meta.dirname, '../..');

/** Files of every image: its version and its license. */
const ALWAYS = ['package.json', 'LICENSE'];

/** Sorted paths, relative to the checkout and to the image's folder, with the content if it differs from the file's. */
export type ApplicationFiles = ReadonlyMap<string, string | undefined>;

/** The files of the checkout for one image. Builds the plugin if the image has it. */
export async function applicationFiles(definition: ImageDefinition): Promise<ApplicationFiles> {
  if (definition.files?.some((pattern) => pattern.startsWith('wasm-plugin/'))) await buildPlugin();
  const { modules, data, packages } = await reachedFrom(CHECKOUT, definition.modules);
  const [ofPackages, others] = await Promise.all([
    packageFiles(CHECKOUT, [...packages, ...(definition.packages ?? [])]),
    Array.fromAsync(glob(definition.files?.slice() ?? [], { cwd: CHECKOUT })),
  ]);
  const asTheyAre = [...ALWAYS, ...data, ...others, ...ofPackages].map((path) => [path, undefined] as const);
  const made = [...modules].map(([path, code]) => [javascriptPath(path), code] as const);
  return new Map([...asTheyAre, ...made].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export const DEFAULT_FOLDER = join(import.meta.dirname, 'build');

export interface BuiltImages {
  /** The archive with all images. */
  readonly archive: string;
  /** `<repository>:<tag>` of each. */
  readonly names: readonly string[];
  /** False if the existing archive is up to date. */
  readonly isNew: boolean;
}

/** Node, the libraries that it is linked with, and the files in which libc looks up users and hosts. */
async function baseLayer(): Promise<ImageLayer> {
  const [uid, gid] = USER.split(':');
  return [
    ...(await programWithLibraries(join(CHECKOUT, 'node_modules/node/bin/node'), NODE_PATH)),
    {
      path: '/etc/passwd',
      content: `root:x:0:0:root:/:/sbin/nologin\nnonroot:x:${uid}:${gid}:nonroot:/:/sbin/nologin\n`,
    },
    { path: '/etc/group', content: `root:x:0:\nnonroot:x:${gid}:\n` },
    { path: '/etc/nsswitch.conf', content: 'hosts: files dns\n' },
  ];
}

/** Libraries that native modules among the files are linked with and that neither Node nor their packages have. */
async function nativeLibraries(files: Iterable<string>, base: ImageLayer): Promise<ImageEntry[]> {
  const native = [...files].filter((file) => /\.node$|\.so(?:\.\d+)*$/.test(file));
  const linked = await Promise.all(native.map(async (file) => librariesOf(join(CHECKOUT, file))));
  const there = new Set(base.map(({ path }) => path));
  const missing = linked.flat().filter(({ path }) => !there.has(path) && !path.startsWith(`${CHECKOUT}/`));
  return [...new Map(missing.map((entry) => [entry.path, entry])).values()];
}

async function imageOf(definition: ImageDefinition, base: ImageLayer): Promise<Image> {
  const files = await applicationFiles(definition);
  return {
    name: imageName(definition),
    layers: [
      base,
      [
        ...(await nativeLibraries(files.keys(), base)),
        ...[...files].map(([file, content]): ImageEntry => {
          const path = `${APP_FOLDER}/${file}`;
          return content === undefined ? { path, copyOf: join(CHECKOUT, file), mode: 0o644 } : { path, content };
        }),
      ],
    ],
    entrypoint: entrypoint(definition),
    ...(definition.command && { command: definition.command, ports: [APPLICATION_PORT] }),
    environment: ENVIRONMENT,
    user: USER,
    workingDirectory: APP_FOLDER,
  };
}

/** SHA-256 over everything that the archive is made from, including the code that writes it. */
async function hashOf(images: readonly Image[]): Promise<string> {
  const hash = createHash('sha256');
  for (const source of ['image-archive.ts', 'host-files.ts']) {
    hash.update(await readFile(join(import.meta.dirname, source)));
  }
  for (const { layers, ...rest } of images) {
    hash.update(JSON.stringify(rest));
    for (const layer of new Set(layers)) {
      hash.update(JSON.stringify(layer));
      for (const entry of layer) {
        if (!('copyOf' in entry)) continue;
        for await (const chunk of createReadStream(entry.copyOf) as AsyncIterable<Buffer>) hash.update(chunk);
      }
    }
  }
  return hash.digest('hex');
}

/** Checks that the manifests name the built plugin. Otherwise proxies would ask for a plugin that no agent has. */
async function requirePins(): Promise<void> {
  const [stale] = await stalePins(await pluginDigest());
  if (stale === undefined) return;
  const message = `istio-configs/${stale} names a plugin other than the built one`;
  throw new BallastError('STALE_DIGEST', message);
}

async function isMadeFrom(archive: string, stamp: string, hash: string): Promise<boolean> {
  return Promise.all([readFile(stamp, 'utf8'), stat(archive)]).then(
    ([made]) => made === hash,
    () => false,
  );
}

/**
 * Makes the images as `<folder>/<name>.tar`, or `ballast.tar` for several, unless the existing archive was made from
 * the same files.
 * @throws BallastError MISSING_TOOL on systems other than Linux, STALE_DIGEST if the manifests name another plugin;
 * Error of the file system if the archive cannot be written
 */
export async function buildImages(definitions: readonly ImageDefinition[], folder: string): Promise<BuiltImages> {
  if (process.platform !== 'linux') {
    const message = `Images without Docker are made from a Linux machine's own files, this is ${process.platform}: use tools/images/Dockerfile`;
    throw new BallastError('MISSING_TOOL', message);
  }
  await requirePins();
  const base = await baseLayer();
  const images = await Promise.all(definitions.map(async (definition) => imageOf(definition, base)));
  const [only] = definitions;
  const archive = join(folder, `${definitions.length === 1 && only ? only.name : 'ballast'}.tar`);
  const stamp = `${archive}.sha256`;
  const hash = await hashOf(images);
  const isNew = !(await isMadeFrom(archive, stamp, hash));
  if (isNew) {
    await rm(stamp, { force: true });
    await writeImages(archive, images);
    await writeFile(stamp, hash);
  }
  return { archive, names: images.map(({ name }) => name), isNew };
}
