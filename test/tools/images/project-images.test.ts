import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHECKOUT, applicationFiles, buildImages } from '../../../tools/images/build-images.ts';
import { ENVIRONMENT, IMAGES, USER, entrypoint, imageName } from '../../../tools/images/definitions.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { type UnpackedImage, readArchive } from './unpacked.ts';

const run = promisify(execFile);
const isLinuxRoot = process.platform === 'linux' && process.getuid?.() === 0;

let folder: string;
let images: UnpackedImage[];

async function extract(archive: string, layer: string, root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  await run('tar', ['--extract', '--file', join(archive, layer), '--directory', root]);
}

/**
 * Lays the layers of an image over each other, as a container sees them. The lowest is large, and all images share it.
 */
async function unpack(archive: string, image: UnpackedImage): Promise<string> {
  const [lowest = '', ...others] = image.layers;
  const base = join(folder, 'layers', dirname(lowest));
  if (!existsSync(base)) await extract(archive, lowest, base);
  const root = join(folder, 'root', image.name);
  if (existsSync(root)) return root;
  await mkdir(dirname(root), { recursive: true });
  await run('cp', ['--archive', '--link', base, root]);
  for (const layer of others) await extract(archive, layer, root);
  return root;
}

/** Runs an unpacked image to its end, with nothing of this machine but the kernel. */
async function start(root: string, image: UnpackedImage, ...args: string[]): Promise<{ stdout: string }> {
  const { Entrypoint, Env } = image.config.config;
  return run('chroot', [`--userspec=${USER}`, root, ...Entrypoint, ...args], {
    env: Object.fromEntries(Env.map((variable) => variable.split('=', 2))),
  });
}

/** The first of `count` free ports in a row. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await listenOn(0);
    const others = Array.from({ length: count - 1 }, (_, index) => listenOn(first + 1 + index));
    if ((await Promise.allSettled(others)).every(({ status }) => status === 'fulfilled')) return first;
  }
}

async function listenOn(port: number): Promise<number> {
  const server = createServer().listen(port, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : port;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-images-'));
  const { archive } = await buildImages(IMAGES, join(folder, 'archive'));
  ({ images } = await readArchive(archive));
  await mkdir(join(folder, 'opened'));
  await run('tar', ['--extract', '--file', archive, '--directory', join(folder, 'opened')]);
}, 240_000);
afterAll(async () => rm(folder, { recursive: true }));

describe('images of the project', () => {
  test('run as nobody, from where their files are', () => {
    expect(images.map(({ name }) => name)).toEqual(IMAGES.map((definition) => imageName(definition)));
    for (const [index, { config }] of images.entries()) {
      const definition = IMAGES[index];
      expect(config.config).toEqual({
        Entrypoint: definition && entrypoint(definition),
        ...(definition?.command && { Cmd: definition.command, ExposedPorts: { '8080/tcp': {} } }),
        Env: ENVIRONMENT,
        WorkingDir: '/app',
        User: '65532:65532',
      });
    }
  });

  test('share Node and its libraries', () => {
    expect(new Set(images.map(({ layers }) => layers[0])).size).toBe(1);
  });

  test.runIf(isLinuxRoot)(
    'start with nothing but their own files',
    async () => {
      const [uid, gid] = USER.split(':').map(Number);
      for (const image of images) {
        const root = await unpack(join(folder, 'opened'), image);
        if (uid !== undefined && gid !== undefined) await chown(join(root, 'tmp'), uid, gid);
        const { stdout } = await start(root, image, '--help');
        expect(stdout).toContain('--');
      }
    },
    240_000,
  );

  test.runIf(isLinuxRoot).each([
    ['cluster-info', '/', 'pod '],
    ['hotel-reservation', '/user?username=Cornell_1&password=1111111111', 'Login successfully!'],
    ['pdf-converter', '/', 'JPEG to PDF'],
    ['playlist-recommender', '/readyz', 'ok'],
    ['video-recommendation', '/recommendations/7', '"stale":false'],
  ])('of %s serves without arguments, on all addresses', async (name, path, expected) => {
    const image = images.find((each) => each.name.startsWith(`ballast/${name}:`));
    if (image === undefined) throw new Error(`no image of ${name}`);
    const root = await unpack(join(folder, 'opened'), image);
    const [uid = 0, gid = 0] = USER.split(':').map(Number);
    await chown(join(root, 'tmp'), uid, gid);
    const { Entrypoint, Cmd = [], Env } = image.config.config;
    // The port of the image may be in use on this machine.
    const port = await freePorts(8);
    const command = Cmd.map((argument) => argument.replace('0.0.0.0:8080', `0.0.0.0:${port}`));
    expect(command).not.toEqual(Cmd);
    const env = Object.fromEntries(Env.map((variable) => variable.split('=', 2)));
    const child = spawn('chroot', [`--userspec=${USER}`, root, ...Entrypoint, ...command], { env, stdio: 'ignore' });
    const ended = once(child, 'exit');
    try {
      await expect
        .poll(async () => (await fetch(`http://127.0.0.2:${port}${path}`).catch(() => undefined))?.text())
        .toContain(expected);
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  });

  test.runIf(isLinuxRoot)('find the modules that run in threads of their own', async () => {
    const image = images.find(({ name }) => name.startsWith('ballast/noisy-neighbour:'));
    if (image === undefined) throw new Error('no image of the noisy neighbour');
    const root = await unpack(join(folder, 'opened'), image);
    const { stdout } = await start(root, image, '--cores', '0.05', '--duration', '300ms', '--json');
    expect(JSON.parse(stdout)).toBeTypeOf('object');
  });

  test('are not made again from the same files', async () => {
    const one = IMAGES.filter(({ name }) => name === 'noisy-neighbour');
    expect((await buildImages(one, folder)).isNew).toBe(true);
    expect(await buildImages(one, folder)).toEqual({
      archive: join(folder, 'noisy-neighbour.tar'),
      names: ['ballast/noisy-neighbour:0.1.0'],
      isNew: false,
    });
  });

  test('hold native libraries exactly where pictures are converted', async () => {
    for (const definition of IMAGES) {
      const files = [...(await applicationFiles(definition)).keys()];
      const native = files.filter((file) => /\.node$|\.so(?:\.|$)/.test(file)).map((file) => file.split('/')[2]);
      const ofSharp = [`sharp-libvips-linux-${process.arch}`, `sharp-linux-${process.arch}`];
      expect(native, definition.name).toEqual(definition.name === 'pdf-converter' ? ofSharp : []);
    }
  });

  test('hold neither tests nor development packages', async () => {
    for (const definition of IMAGES) {
      const files = [...(await applicationFiles(definition)).keys()];
      expect(files).toContain(definition.modules[0].replace(/\.ts$/, '.js'));
      const unwanted = /\.ts$|^test\/|^node_modules\/(?:vitest|typescript|assemblyscript)\//;
      expect(files.filter((file) => unwanted.test(file))).toEqual([]);
    }
  });
});

describe('Dockerfile', () => {
  test('makes the same images as the script', async () => {
    const text = await readFile(join(CHECKOUT, 'tools/images/Dockerfile'), 'utf8');
    const stages = new Map(
      text
        .split(/^FROM /m)
        .slice(1)
        .map((stage) => [/^\S+ AS (\S+)/.exec(stage)?.[1], stage] as const),
    );
    expect([...stages.keys()]).toEqual(['build', 'base', ...IMAGES.map(({ name }) => name)]);
    const base = stages.get('base') ?? '';
    expect(base).toContain(`USER ${USER}\n`);
    expect(base).toContain('WORKDIR /app\n');
    for (const variable of ENVIRONMENT.filter((each) => !each.startsWith('PATH=')))
      expect(base).toContain(`ENV ${variable}\n`);
    for (const definition of IMAGES) {
      const stage = stages.get(definition.name) ?? '';
      expect(stage).toMatch(/^base AS/);
      expect(stage).toContain(`COPY --from=build /stage/${definition.name}/ /app/\n`);
      const [, written] = /^ENTRYPOINT (.*)$/m.exec(stage) ?? [];
      expect(JSON.parse(written ?? 'null')).toEqual(entrypoint(definition));
      const [, command] = /^CMD (.*)$/m.exec(stage) ?? [];
      expect(JSON.parse(command ?? 'null')).toEqual(definition.command ?? null);
      expect(stage.includes('EXPOSE 8080\n')).toBe(definition.command !== undefined);
    }
    // Every image of the loop is one that is defined, and each of these is staged.
    expect(/for image in ([^;]+);/.exec(stages.get('build') ?? '')?.[1]?.split(' ')).toEqual(
      IMAGES.map(({ name }) => name),
    );
    for (const [, version] of text.matchAll(/^FROM node:(\d+\.\d+\.\d+)-/gm)) {
      expect(version).toBe(packageJson.dependencies.node);
    }
  });
});
