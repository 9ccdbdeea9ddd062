import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Image, type ImageLayer, writeImages } from '../../../tools/images/image-archive.ts';
import { readArchive, untarLayer } from './unpacked.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-images-'));
  await writeFile(join(folder, 'program'), '#!/bin/sh\n', { mode: 0o700 });
});
afterAll(async () => rm(folder, { recursive: true }));

function example(): Image[] {
  const base: ImageLayer = [
    { path: '/usr/bin/program', copyOf: join(folder, 'program') },
    { path: '/etc/passwd', content: 'root:x:0:0\n' },
  ];
  const long = `/opt/${'long/'.repeat(40)}file`;
  return [
    { name: 'example/one:1', layers: [base], entrypoint: ['/usr/bin/program', '--flag'] },
    {
      name: 'example/two:1',
      layers: [
        base,
        [
          { path: '/usr/bin/other', linkTo: 'program' },
          { path: '/home/user', folder: true, mode: 0o700, uid: 1337, gid: 1338 },
          { path: '/home/user/.profile', content: 'umask 77\n', mode: 0o600, uid: 1337, gid: 1338 },
          { path: long, content: 'deep' },
          { path: '/tmp/left', content: '' },
        ],
      ],
      entrypoint: ['/usr/bin/other'],
      environment: ['A=b'],
      user: '1337:1338',
      workingDirectory: '/home/user',
    },
  ];
}

describe('archive of images', () => {
  test('says of each image what it runs, as whom and where', async () => {
    const path = join(folder, 'said.tar');
    await writeImages(path, example());
    const { images } = await readArchive(path);
    expect(images.map(({ name }) => name)).toEqual(['example/one:1', 'example/two:1']);
    expect(images[0]?.config.config).toEqual({ Entrypoint: ['/usr/bin/program', '--flag'], Env: [], WorkingDir: '/' });
    expect(images[1]?.config.config).toEqual({
      Entrypoint: ['/usr/bin/other'],
      Env: ['A=b'],
      WorkingDir: '/home/user',
      User: '1337:1338',
    });
  });

  test('names layers by their hash, and holds a shared one once', async () => {
    const path = join(folder, 'shared.tar');
    await writeImages(path, example());
    const { images, entries } = await readArchive(path);
    const [one, two] = images;
    expect(two?.layers[0]).toBe(one?.layers[0]);
    expect([...entries.keys()].filter((name) => name.endsWith('layer.tar'))).toHaveLength(2);
    for (const image of images) {
      const hashes = image.layers.map((layer) =>
        createHash('sha256')
          .update(entries.get(layer)?.content ?? '')
          .digest('hex'),
      );
      expect(image.config.rootfs.diff_ids).toEqual(hashes.map((hash) => `sha256:${hash}`));
    }
  });

  test('keeps kinds, modes, owners and long paths, folders first and the usual ones there', async () => {
    const path = join(folder, 'kept.tar');
    await writeImages(path, example());
    const { images, entries } = await readArchive(path);
    const [lower, upper] = await Promise.all(
      (images[1]?.layers ?? []).map(async (layer) => untarLayer(entries, layer)),
    );
    expect([...(lower?.keys() ?? [])]).toEqual([
      'dev/',
      'etc/',
      'etc/passwd',
      'proc/',
      'sys/',
      'tmp/',
      'usr/',
      'usr/bin/',
      'usr/bin/program',
    ]);
    expect(lower?.get('tmp/')?.mode).toBe(0o1777);
    expect(lower?.get('usr/bin/program')).toMatchObject({ mode: 0o755, uid: 0, type: 'file' });
    expect(upper?.get('usr/bin/other')).toMatchObject({ type: 'symlink', linkname: 'program' });
    expect(upper?.get('home/user/')).toMatchObject({ type: 'directory', mode: 0o700, uid: 1337, gid: 1338 });
    expect(upper?.get('home/user/.profile')).toMatchObject({ mode: 0o600, uid: 1337, gid: 1338 });
    expect(upper?.get(`opt/${'long/'.repeat(40)}file`)?.content.toString()).toBe('deep');
    // A layer that puts something there must not take the sticky bit from it.
    expect(upper?.get('tmp/')?.mode).toBe(0o1777);
    const names = [...(upper?.keys() ?? [])];
    expect(names.indexOf('home/user/')).toBeLessThan(names.indexOf('home/user/.profile'));
  });

  test('is the same to the byte for the same entries in any order', async () => {
    const [first, second] = [join(folder, 'first.tar'), join(folder, 'second.tar')];
    await writeImages(first, example());
    await writeImages(
      second,
      example().map((image) => ({ ...image, layers: image.layers.map((layer) => layer.toReversed()) })),
    );
    // A reversed copy is another layer to the writer, of the same content.
    expect((await readFile(second)).equals(await readFile(first))).toBe(true);
  });

  test('leaves what was there when a file cannot be read', async () => {
    const path = join(folder, 'old.tar');
    await writeFile(path, 'old');
    const lost: Image = {
      name: 'example/lost:1',
      layers: [[{ path: '/a', copyOf: join(folder, 'no-such-file') }]],
      entrypoint: ['/a'],
    };
    await expect(writeImages(path, [lost])).rejects.toThrow('no-such-file');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect((await readdir(folder)).filter((name) => name.includes('unfinished'))).toEqual([]);
  });
});
