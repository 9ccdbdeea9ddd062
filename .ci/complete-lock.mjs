/**
 * Completes package-lock.json after `npm install`: npm leaves out the optional packages of other platforms when the
 * registry at hand does not offer them, and `npm ci` then refuses the file. Each is entered with its version and
 * platform; it is not fetched where the platform differs.
 *
 *     npm install <package> && node .ci/complete-lock.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs';

const SYSTEMS = { darwin: 'darwin', linux: 'linux', win32: 'win32', freebsd: 'freebsd', openbsd: 'openbsd' };
const MORE_SYSTEMS = { netbsd: 'netbsd', android: 'android', sunos: 'sunos', aix: 'aix', openharmony: 'openharmony' };
const PROCESSORS = { x64: 'x64', arm64: 'arm64', arm: 'arm', ia32: 'ia32', ppc64: 'ppc64', s390x: 's390x' };
const MORE_PROCESSORS = { riscv64: 'riscv64', loong64: 'loong64', mips64el: 'mips64el', wasm32: 'wasm32' };

/** Values of the words of a package's name that `known` has, as npm writes them. */
function named(name, known) {
  const words = name.split(/[^a-z0-9]+/);
  return Object.keys(known).filter((word) => words.includes(word));
}

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
let added = 0;
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (lock.packages[`node_modules/${name}`] || lock.packages[`${place}/node_modules/${name}`]) continue;
    const os = named(name, { ...SYSTEMS, ...MORE_SYSTEMS });
    const cpu = named(name, { ...PROCESSORS, ...MORE_PROCESSORS });
    if (/^[\d.]+$/.test(version) && (os.length > 0 || cpu.length > 0)) {
      lock.packages[`node_modules/${name}`] = {
        version,
        ...(cpu.length > 0 ? { cpu } : {}),
        ...(entry.dev ? { dev: true } : {}),
        optional: true,
        ...(os.length > 0 ? { os } : {}),
      };
      added += 1;
    } else {
      console.log(`left as it is: ${name} ${version}, optional for ${place}`);
    }
  }
}
const places = Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(places) }, null, 2)}\n`);
console.log(`${added} packages of other platforms entered`);
