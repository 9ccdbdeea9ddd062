/**
 * Archives in the form that Linux takes as its first file system (cpio, "newc"). The kernel unpacks several that follow
 * each other in one file. Everything belongs to root.
 */
import type { FileHandle } from 'node:fs/promises';
import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export type ArchiveEntry = {
  /** Absolute. Folders above it come by themselves. */
  readonly path: string;
} & (
  | { readonly copyOf: string; /** Default 0644. */ readonly mode?: number }
  | { readonly content: string; /** Default 0644. */ readonly mode?: number }
  | { readonly linkTo: string }
  | { readonly folder: true }
);

const FOLDER = 0o040000;
const FILE = 0o100000;
const LINK = 0o120000;
const TRAILER = 'TRAILER!!!';
const ALIGNMENT = 4;

/** Writes the entries to a new file. */
export async function writeArchive(file: string, entries: readonly ArchiveEntry[]): Promise<void> {
  const handle = await open(file, 'w');
  try {
    const folders = new Set<string>();
    for (const entry of entries) {
      const path = entry.path.replace(/^\/+/, '');
      for (const folder of foldersAbove(path)) {
        if (!folders.has(folder)) await write(handle, folder, FOLDER | 0o755, Buffer.alloc(0));
        folders.add(folder);
      }
      if ('folder' in entry) await write(handle, path, FOLDER | 0o755, Buffer.alloc(0));
      else if ('linkTo' in entry) await write(handle, path, LINK | 0o777, Buffer.from(entry.linkTo));
      else await write(handle, path, FILE | (entry.mode ?? 0o644), await contentOf(entry));
    }
    await write(handle, TRAILER, 0, Buffer.alloc(0));
  } finally {
    await handle.close();
  }
}

async function contentOf(entry: { readonly copyOf: string } | { readonly content: string }): Promise<Buffer> {
  return 'copyOf' in entry ? readFile(entry.copyOf) : Buffer.from(entry.content);
}

/** From the outermost. */
function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === '.' ? [] : [...foldersAbove(above), above];
}

/** A header of thirteen fields of eight hexadecimal digits, then the name and the content, each padded to four bytes. */
async function write(handle: FileHandle, name: string, mode: number, content: Uint8Array): Promise<void> {
  const nameBytes = Buffer.from(`${name}\0`);
  const links = mode & FOLDER ? 2 : 1;
  const [inode, uid, gid, time, device] = [0, 0, 0, 0, 0];
  const fields = [
    inode,
    mode,
    uid,
    gid,
    links,
    time,
    content.length,
    device,
    device,
    device,
    device,
    nameBytes.length,
    0,
  ];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  await handle.write(padded(Buffer.concat([Buffer.from(header), nameBytes])));
  await handle.write(padded(content));
}

function padded(bytes: Uint8Array): Uint8Array {
  const rest = bytes.length % ALIGNMENT;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(ALIGNMENT - rest)]);
}
