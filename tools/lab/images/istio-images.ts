/** Istio's images, like those of its Dockerfiles, but made of upstream Envoy and this machine's glibc and iptables. */
import { join } from 'node:path';
import { folder, librariesOf, programWithLibraries } from '../../images/host-files.ts';
import type { Image, ImageEntry, ImageLayer } from '../../images/image-archive.ts';
import { istioRelease } from '../../install/versions.ts';
import type { Programs } from '../programs/programs.ts';
import { ISTIO_HUB } from '../settings.ts';

/** The user of sidecars, which separates their own traffic from the application's. */
const PROXY_USER = '1337:1337';

const IPTABLES_NAMES = ['iptables', 'ip6tables'].flatMap((name) =>
  ['', '-save', '-restore'].flatMap((action) => [`${name}${action}`, `${name}-nft${action}`]),
);

/** Folder in which Debian's loader looks for libraries. */
const LIBRARIES = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;

const ACCOUNTS: ImageLayer = [
  {
    path: '/etc/passwd',
    content: 'root:x:0:0:root:/root:/sbin/nologin\nistio-proxy:x:1337:1337::/home/istio-proxy:/sbin/nologin\n',
  },
  { path: '/etc/group', content: 'root:x:0:\nistio-proxy:x:1337:\n' },
  { path: '/etc/nsswitch.conf', content: 'hosts: files dns\n' },
];

async function iptables(programs: Programs): Promise<ImageEntry[]> {
  const { iptables: program, iptablesModules, libraries } = programs;
  const entries =
    libraries === undefined
      ? [...(await librariesOf(program)), ...(await folder(iptablesModules, iptablesModules))]
      : await folder(libraries, LIBRARIES);
  return [
    { path: '/usr/sbin/xtables-nft-multi', copyOf: program, mode: 0o755 },
    ...IPTABLES_NAMES.map((name) => ({ path: `/usr/sbin/${name}`, linkTo: 'xtables-nft-multi' })),
    ...entries,
  ];
}

function imageName(image: string, { pair }: Programs): string {
  return `${ISTIO_HUB}/${image}:${istioRelease(pair.istio).version}`;
}

/** The proxy of sidecars and gateways. */
export async function proxyImage(programs: Programs): Promise<Image> {
  const bootstrap = join(programs.istioSources, 'tools/packaging/common/envoy_bootstrap.json');
  return {
    name: imageName('proxyv2', programs),
    layers: [
      [
        ...ACCOUNTS,
        ...(await programWithLibraries(programs.envoy, '/usr/local/bin/envoy')),
        ...(await iptables(programs)),
        { path: '/usr/local/bin/pilot-agent', copyOf: programs.pilotAgent, mode: 0o755 },
        { path: '/var/lib/istio/envoy/envoy_bootstrap_tmpl.json', copyOf: bootstrap },
        { path: '/var/lib/istio/data', folder: true, uid: 1337, gid: 1337 },
        { path: '/etc/istio/proxy', folder: true, uid: 1337, gid: 1337 },
      ],
    ],
    entrypoint: ['/usr/local/bin/pilot-agent'],
    environment: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  };
}

/** istiod. */
export function pilotImage(programs: Programs): Image {
  return {
    name: imageName('pilot', programs),
    layers: [[...ACCOUNTS, { path: '/usr/local/bin/pilot-discovery', copyOf: programs.pilotDiscovery, mode: 0o755 }]],
    entrypoint: ['/usr/local/bin/pilot-discovery'],
    user: PROXY_USER,
  };
}
