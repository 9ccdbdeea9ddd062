/** Reads an archive of images as a container runtime does. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';

export interface Unpacked {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly linkname: string | null;
  readonly content: Buffer;
}

/** Entries of a tar in their order; contents above `keep` bytes are read and left out. */
async function untar(tar: Readable, keep = Infinity): Promise<Map<string, Unpacked>> {
  const entries = new Map<string, Unpacked>();
  const extraction = extract();
  tar.pipe(extraction);
  for await (const entry of extraction) {
    const { name, type, mode, uid, gid, mtime, linkname, size } = entry.header;
    const content = size > keep ? Buffer.alloc(0) : await buffer(entry);
    if (size > keep) entry.resume();
    entries.set(name, { type, mode, uid, gid, mtime: mtime.getTime(), linkname, content });
  }
  return entries;
}

export interface ImageConfig {
  readonly architecture: string;
  readonly config: {
    readonly Entrypoint: string[];
    readonly Cmd?: string[];
    readonly ExposedPorts?: Record<string, object>;
    readonly Env: string[];
    readonly WorkingDir: string;
    readonly User?: string;
  };
  readonly rootfs: { readonly diff_ids: string[] };
}

export interface UnpackedImage {
  readonly name: string;
  readonly config: ImageConfig;
  /** Names of the layers' tars in the archive. */
  readonly layers: readonly string[];
}

/** What `manifest.json` says, and the archive's entries. */
export async function readArchive(path: string): Promise<{ images: UnpackedImage[]; entries: Map<string, Unpacked> }> {
  const entries = await untar(createReadStream(path));
  const text = (name: string): string => entries.get(name)?.content.toString() ?? 'null';
  const manifest = JSON.parse(text('manifest.json')) as { Config: string; RepoTags: [string]; Layers: string[] }[];
  const images = manifest.map(({ Config, RepoTags, Layers }) => ({
    name: RepoTags[0],
    config: JSON.parse(text(Config)) as ImageConfig,
    layers: Layers,
  }));
  return { images, entries };
}

export async function untarLayer(entries: Map<string, Unpacked>, layer: string): Promise<Map<string, Unpacked>> {
  return untar(Readable.from([entries.get(layer)?.content ?? Buffer.alloc(0)]));
}
