/** The image archives that nodes import. Each is made once for its content. */
import { createHash } from 'node:crypto';
import { glob, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../install/cache.ts';
import { buildImages } from '../../images/build-images.ts';
import { IMAGES } from '../../images/definitions.ts';
import { type Image, writeImages } from '../../images/image-archive.ts';
import { buildPlugin } from '../../../wasm-plugin/build.ts';
import { COREDNS_IMAGE, PAUSE_IMAGE, labCacheFolder } from '../settings.ts';
import type { Programs } from '../programs/programs.ts';
import { pilotImage, proxyImage } from './istio-images.ts';

/** A hash over the images' content. Copied files count by path, size and time, which is fast. */
async function keyOf(images: readonly Image[]): Promise<string> {
  const hash = createHash('sha256');
  for (const image of images) {
    hash.update(JSON.stringify(image));
    for (const entry of image.layers.flat()) {
      if (!('copyOf' in entry)) continue;
      const { size, mtimeMs } = await stat(entry.copyOf);
      hash.update(`${entry.copyOf} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** Path of an archive with these images in the cache. Older archives of the same name are removed. */
async function ensureArchive(name: string, images: readonly Image[]): Promise<string> {
  const folder = join(labCacheFolder(), 'images');
  const path = join(folder, `${name}-${await keyOf(images)}.tar`);
  if (await exists(path)) return path;
  await writeImages(path, images);
  for await (const old of glob(`${name}-????????????????.tar`, { cwd: folder })) {
    if (join(folder, old) !== path) await rm(join(folder, old), { force: true });
  }
  return path;
}

/**
 * Makes missing archives and returns the paths of all: of the cluster's own images, of Istio's, and of the project's.
 */
export async function ensureArchives(programs: Programs): Promise<string[]> {
  const pause: Image = {
    name: PAUSE_IMAGE,
    layers: [[{ path: '/pause', copyOf: programs.pause, mode: 0o755 }]],
    entrypoint: ['/pause'],
  };
  const coredns: Image = {
    name: COREDNS_IMAGE,
    layers: [[{ path: '/coredns', copyOf: programs.coredns, mode: 0o755 }]],
    entrypoint: ['/coredns'],
  };
  // The agent's image has the plugin, which proxies fetch from the agent.
  await buildPlugin();
  const ballast = await buildImages(IMAGES, join(labCacheFolder(), 'images'));
  return [
    await ensureArchive('cluster', [pause, coredns]),
    await ensureArchive('istio', [pilotImage(programs), await proxyImage(programs)]),
    ballast.archive,
  ];
}
