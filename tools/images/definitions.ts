/** The images of the project: the program of each, and the files that it reads besides its modules. */
import packageJson from '../../package.json' with { type: 'json' };
import { javascriptPath } from './javascript.ts';

export interface ImageDefinition {
  readonly name: string;
  /** Modules that are started, relative to the checkout. The first is the entry point. */
  readonly modules: readonly [string, ...string[]];
  /** Flags of Node. */
  readonly nodeFlags?: readonly string[];
  /** Packages that the program serves but does not import. */
  readonly packages?: readonly string[];
  /** Files that are not modules, as patterns relative to the checkout. */
  readonly files?: readonly string[];
  /** Default arguments, with which an application serves on port 8080 of all addresses of its container. */
  readonly command?: readonly string[];
}

/** Port of the applications in containers that are started without arguments. */
export const APPLICATION_PORT = 8080;
const LISTEN = ['--listen', `0.0.0.0:${APPLICATION_PORT}`];

export const IMAGES: readonly ImageDefinition[] = [
  {
    name: 'central-controller',
    modules: ['central-controller/main.ts'],
    // Its garbage is that of one tick. A larger young generation would only hold memory.
    nodeFlags: ['--max-semi-space-size=4'],
    packages: ['uplot'],
    files: ['central-controller/dashboard/*.{html,css,js,svg}'],
  },
  { name: 'cluster-info', modules: ['apps/cluster-info/main.ts'], command: LISTEN },
  {
    name: 'host-agent',
    modules: ['host-agent/main.ts'],
    // Every node runs one, and its garbage is small and short-lived.
    nodeFlags: ['--max-semi-space-size=1'],
    files: ['wasm-plugin/build/ballast.wasm'],
  },
  {
    name: 'hotel-reservation',
    modules: ['apps/hotel-reservation/main.ts'],
    command: ['--service', 'all', ...LISTEN, '--data', '/tmp/hotel-data'],
  },
  {
    name: 'load-generator',
    modules: ['tools/load-generator/main.ts', 'tools/load-generator/operator/main.ts'],
    files: ['tools/load-generator/mixes/*'],
  },
  {
    name: 'noisy-neighbour',
    modules: ['tools/noisy-neighbour/main.ts', 'tools/noisy-neighbour/worker.ts'],
  },
  {
    name: 'pdf-converter',
    modules: ['apps/pdf-converter/main.ts', 'apps/pdf-converter/client/main.ts'],
    command: LISTEN,
  },
  {
    name: 'playlist-recommender',
    modules: ['apps/playlist-recommender/main.ts'],
    command: ['serve', ...LISTEN, '--data', '/tmp/playlist-data', '--generated'],
  },
  {
    name: 'video-recommendation',
    modules: ['apps/video-recommendation/main.ts'],
    files: ['apps/video-recommendation/page/page.html'],
    command: ['--service', 'all', ...LISTEN],
  },
];

/** Folder of the checkout's files in every image. */
export const APP_FOLDER = '/app';
/** Path of Node in every image, as in the `node` images that the Dockerfile uses. */
export const NODE_PATH = '/usr/local/bin/node';
/** An unprivileged user: no image of the project needs any rights. */
export const USER = '65532:65532';
export const ENVIRONMENT = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'NODE_ENV=production'];

/** `ballast/<name>:<version of the project>` */
export function imageName(definition: ImageDefinition): string {
  return `ballast/${definition.name}:${packageJson.version}`;
}

export function entrypoint(definition: ImageDefinition): string[] {
  return [NODE_PATH, ...(definition.nodeFlags ?? []), `${APP_FOLDER}/${javascriptPath(definition.modules[0])}`];
}
