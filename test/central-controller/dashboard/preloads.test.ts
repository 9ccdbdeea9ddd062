import { readFileSync } from 'node:fs';
import { init, parse } from 'es-module-lexer';
import { expect, test } from 'vitest';

const file = (name: string) =>
  readFileSync(new URL(`../../../central-controller/dashboard/${name}`, import.meta.url), 'utf8');

/** The module and all its static imports, direct and indirect. */
function graphOf(module: string, known = new Set<string>()): Set<string> {
  if (known.has(module)) return known;
  known.add(module);
  const [imports] = parse(file(module));
  for (const { n: name, d: dynamic } of imports)
    if (name?.startsWith('./') && dynamic === -1) graphOf(name.slice(2), known);
  return known;
}

test('the page preloads exactly the modules that main.js imports', async () => {
  await init;
  const preloaded = [...file('index.html').matchAll(/rel="modulepreload" href="\.\/([^"]+)"/g)].map(([, name]) => name);
  const needed = graphOf('main.js');
  needed.delete('main.js');
  expect(preloaded).toEqual([...needed].toSorted());
});
