/** Brings Chromium: the installed one, else that of the npm package `@sparticuz/chromium`, unpacked once into the cache. */
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { BallastError } from '../../contract/errors.ts';
import { cacheFolder, exists } from './cache.ts';

const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export interface Chromium {
  readonly executablePath: string;
  /** Environment that it needs besides the usual one: its own fonts and libraries. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Programs of the package, and the folders of its archives in the cache. */
const ARCHIVES = { 'swiftshader.tar.br': '.', 'fonts.tar.br': 'fonts', 'al2023.tar.br': 'libraries' } as const;

/**
 * The environment variable `CHROMIUM` names one, or is `package` for the package's; else an installed one is taken.
 * @throws BallastError MISSING_TOOL if none is installed and the package has none for this platform
 */
export async function ensureChromium(): Promise<Chromium> {
  const choice = process.env['CHROMIUM'];
  const installed = [choice, ...INSTALLED].find((path) => path !== undefined && existsSync(path));
  if (installed !== undefined && choice !== 'package') return { executablePath: installed, environment: {} };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const message = `there is no Chromium, and the package has none for ${process.platform} on ${process.arch}: install it, or name it in CHROMIUM`;
    throw new BallastError('MISSING_TOOL', message);
  }
  const home = await unpacked();
  return {
    executablePath: join(home, 'chromium'),
    environment: { FONTCONFIG_PATH: join(home, 'fonts'), LD_LIBRARY_PATH: join(home, 'libraries/lib') },
  };
}

/** Folder with the package's files. Processes may call this at the same time: the first to finish moves its own in place. */
async function unpacked(): Promise<string> {
  const folder = dirname(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))));
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  const home = join(cacheFolder(), `chromium-${version}`);
  if (await exists(home)) return home;
  await mkdir(cacheFolder(), { recursive: true });
  const aside = await mkdtemp(`${home}-`);
  try {
    const brotli = (file: string) => createReadStream(join(folder, 'bin', file)).pipe(createBrotliDecompress());
    await Promise.all([
      pipeline(brotli('chromium.br'), createWriteStream(join(aside, 'chromium'), { mode: 0o755 })),
      ...Object.entries(ARCHIVES).map(async ([file, target]) => untar(brotli(file), join(aside, target))),
    ]);
    await writeFile(join(aside, 'fonts/fonts.conf'), fontConfig(home));
    await rename(aside, home).catch(async (error: unknown) => {
      if (!(await exists(home))) throw error;
    });
    return home;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** Finds the package's fonts, which are enough to draw text on a machine without any, and the machine's own. */
function fontConfig(home: string): string {
  const folders = [join(home, 'fonts'), '/usr/share/fonts', '/usr/local/share/fonts'];
  const lines = folders.map((folder) => `  <dir>${folder}</dir>`);
  return `<?xml version="1.0"?>\n<fontconfig>\n${lines.join('\n')}\n  <cachedir>${join(home, 'font-cache')}</cachedir>\n</fontconfig>\n`;
}

async function untar(archive: NodeJS.ReadableStream, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for await (const entry of archive.pipe(extract())) {
    const { name, type, mode = 0o644, linkname = '' } = entry.header;
    const path = join(folder, name);
    await mkdir(type === 'directory' ? path : dirname(path), { recursive: true });
    if (type === 'symlink') await symlink(linkname, path);
    else if (type === 'file') await pipeline(entry, createWriteStream(path, { mode }));
    entry.resume();
  }
}
