/**
 * Writes container images as one tar file (docker-archive), which `docker load`, `podman load`, `ctr images import`
 * and `kind load image-archive` accept. The same entries give the same bytes: times are fixed and paths are sorted.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Header, pack, type Pack } from 'tar-stream';

interface Owned {
  /** Absolute path in the image. Folders above it are added automatically. */
  readonly path: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** A file (copied from this machine, or given by content), a symbolic link, or a folder. */
export type ImageEntry = Owned &
  (
    | { readonly copyOf: string; /** Default: executable if the original is. */ readonly mode?: number }
    | { readonly content: string | Uint8Array; /** Default 0644. */ readonly mode?: number }
    | { readonly linkTo: string }
    | { readonly folder: true; /** Default 0755. */ readonly mode?: number }
  );

/** A layer. Images of one archive with the same layer object share it, in the archive and on their host. */
export type ImageLayer = readonly ImageEntry[];

export interface Image {
  /** `<repository>:<tag>` */
  readonly name: string;
  /** The lowest first. The lowest also gets the usual empty folders of a file system. */
  readonly layers: readonly ImageLayer[];
  readonly entrypoint: readonly string[];
  /** Default arguments. */
  readonly command?: readonly string[];
  /** TCP ports that it serves on. */
  readonly ports?: readonly number[];
  /** `NAME=value` each. */
  readonly environment?: readonly string[];
  /** `<uid>` or `<uid>:<gid>`; default root. */
  readonly user?: string;
  readonly workingDirectory?: string;
}

type EntryHeader = Partial<Header> & Pick<Header, 'name'>;

const EPOCH = new Date(0);
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' };

/** Folders that container runtimes mount over, and the folder that programs expect to be writable. */
const USUAL_FOLDERS = new Map<string, ImageEntry>(
  ['dev', 'etc', 'proc', 'sys', 'tmp'].map((path) => [
    path,
    { path, folder: true, mode: path === 'tmp' ? 0o1777 : 0o755 },
  ]),
);

/** Entries for tar: paths have no leading slash, and a folder comes before its content. */
function completeAndSorted(entries: ImageLayer, isLowest: boolean): [string, ImageEntry][] {
  const byPath = new Map(isLowest ? USUAL_FOLDERS : []);
  for (const entry of entries) byPath.set(entry.path.replace(/^\/+|\/+$/g, ''), entry);
  for (const path of byPath.keys()) {
    const above = dirname(path);
    if (above === '.' || byPath.has(above)) continue;
    byPath.set(above, USUAL_FOLDERS.get(above) ?? { path: above, folder: true });
  }
  return [...byPath].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Adds an entry with its content from memory. Resolves when the archive has taken it. */
async function add(archive: Pack, headers: EntryHeader, content?: Uint8Array | string): Promise<void> {
  const done = Promise.withResolvers<void>();
  const settle = (error?: Error | null): void => (error ? done.reject(error) : done.resolve());
  if (content === undefined) archive.entry({ mtime: EPOCH, ...headers }, settle);
  else archive.entry({ mtime: EPOCH, ...headers }, Buffer.from(content), settle);
  return done.promise;
}

async function addCopy(archive: Pack, headers: EntryHeader, from: string): Promise<void> {
  const { size, mode } = await stat(from);
  const executable = (mode & 0o111) !== 0;
  await pipeline(
    createReadStream(from),
    archive.entry({ mtime: EPOCH, size, ...headers, mode: headers.mode ?? (executable ? 0o755 : 0o644) }),
  );
}

async function addEntry(archive: Pack, path: string, entry: ImageEntry): Promise<void> {
  const owner = { uid: entry.uid ?? 0, gid: entry.gid ?? 0 };
  if ('copyOf' in entry) {
    return addCopy(
      archive,
      { name: path, ...owner, ...(entry.mode !== undefined && { mode: entry.mode }) },
      entry.copyOf,
    );
  }
  if ('linkTo' in entry) {
    return add(archive, { name: path, ...owner, type: 'symlink', linkname: entry.linkTo, mode: 0o777 });
  }
  if ('folder' in entry) {
    return add(archive, { name: `${path}/`, ...owner, type: 'directory', mode: entry.mode ?? 0o755 });
  }
  return add(archive, { name: path, ...owner, mode: entry.mode ?? 0o644 }, entry.content);
}

/** Writes the layer to its own file first, because its hash and size precede it in the archive. */
async function writeLayer(path: string, entries: ImageLayer, isLowest: boolean): Promise<string> {
  const archive = pack();
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const written = pipeline(archive, hashing, createWriteStream(path));
  const filled = (async () => {
    for (const [name, entry] of completeAndSorted(entries, isLowest)) await addEntry(archive, name, entry);
    archive.finalize();
  })();
  filled.catch((error: Error) => archive.destroy(error));
  await Promise.all([filled, written]);
  return hash.digest('hex');
}

function configOf(image: Image, layers: readonly string[]): string {
  const created = EPOCH.toISOString();
  return JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    created,
    config: {
      Entrypoint: image.entrypoint,
      ...(image.command && { Cmd: image.command }),
      ...(image.ports && { ExposedPorts: Object.fromEntries(image.ports.map((port) => [`${port}/tcp`, {}])) }),
      Env: image.environment ?? [],
      WorkingDir: image.workingDirectory ?? '/',
      ...(image.user !== undefined && { User: image.user }),
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${layer}`) },
    history: layers.map(() => ({ created, created_by: 'tools/images' })),
  });
}

/** Adds all images with their layers, each layer once. */
async function addImages(archive: Pack, images: readonly Image[], folder: string): Promise<void> {
  const hashes = new Map<ImageLayer, string>();
  const added = new Set<string>();
  const hashOf = async (layer: ImageLayer, isLowest: boolean): Promise<string> => {
    const known = hashes.get(layer);
    if (known !== undefined) return known;
    const file = join(folder, `layer-${hashes.size}`);
    const hash = await writeLayer(file, layer, isLowest);
    hashes.set(layer, hash);
    if (!added.has(hash)) await addCopy(archive, { name: `${hash}/layer.tar`, mode: 0o644 }, file);
    added.add(hash);
    await rm(file);
    return hash;
  };
  const manifest = [];
  for (const image of images) {
    const layers: string[] = [];
    for (const [index, layer] of image.layers.entries()) layers.push(await hashOf(layer, index === 0));
    const config = configOf(image, layers);
    const name = `${createHash('sha256').update(config).digest('hex')}.json`;
    if (!added.has(name)) await add(archive, { name }, config);
    added.add(name);
    manifest.push({ Config: name, RepoTags: [image.name], Layers: layers.map((layer) => `${layer}/layer.tar`) });
  }
  await add(archive, { name: 'manifest.json' }, JSON.stringify(manifest));
}

/**
 * Writes the images to one archive at `path`. An existing archive is replaced when the new one is complete.
 * @throws Error of the file system if a copied file cannot be read or the archive cannot be written
 */
export async function writeImages(path: string, images: readonly Image[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const aside = await mkdtemp(`${path}.unfinished-`);
  try {
    const archive = pack();
    const unfinished = join(aside, 'archive');
    const written = pipeline(archive, createWriteStream(unfinished));
    const filled = addImages(archive, images, aside).then(() => archive.finalize());
    filled.catch((error: Error) => archive.destroy(error));
    await Promise.all([filled, written]);
    await rename(unfinished, path);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
