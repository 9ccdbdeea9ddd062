/** Links within the repository lead to existing files, pictures and headings. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf, CHECKOUT, linksOf, type Page, pages } from './support/markdown.ts';

const all = new Map(pages().map((page) => [page.file, page]));

/** What is wrong with a link; undefined where nothing is. */
function wrongWith(page: Page, target: string): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return undefined;
  const [path = '', anchor] = target.split('#', 2);
  const file = path === '' ? page.file : normalize(join(dirname(page.file), decodeURIComponent(path)));
  if (file.startsWith('..')) return 'leads out of the repository';
  if (!existsSync(join(CHECKOUT, file))) return 'is not there';
  if (anchor === undefined) return undefined;
  const isFolder = statSync(join(CHECKOUT, file)).isDirectory();
  const leadsTo = all.get(isFolder ? join(file, 'README.md') : file);
  if (leadsTo === undefined) return 'names a heading of what is no page';
  return anchorsOf(leadsTo).has(anchor) ? undefined : 'names a heading that is not there';
}

test.each([...all.values()].map((page) => [page.file, page] as const))('%s', (_file, page) => {
  const wrong = linksOf(page).flatMap(({ line, target }) => {
    const why = wrongWith(page, target);
    return why === undefined ? [] : [`${page.file}:${line}: ${target} ${why}`];
  });
  expect(wrong).toEqual([]);
});

test('headings have the anchors that GitHub gives them', () => {
  const lines = ['# The `a.b` of [x](y)', '## One, two: three', '## One, two: three', '```sh', '# none', '```'];
  expect([...anchorsOf({ file: 'x.md', lines })]).toEqual(['the-ab-of-x', 'one-two-three', 'one-two-three-1']);
});

test('every page of docs is found from its index', () => {
  const index = all.get('docs/README.md');
  if (index === undefined) throw new Error('there is no docs/README.md');
  const reached = new Set([index.file]);
  for (const file of reached) {
    const page = all.get(file);
    for (const { target } of page === undefined ? [] : linksOf(page)) {
      const [path = ''] = target.split('#', 1);
      if (path !== '' && !target.includes('://')) reached.add(normalize(join(dirname(file), path)));
    }
  }
  const documents = [...all.keys()].filter((file) => file.startsWith('docs/'));
  expect(documents.filter((file) => !reached.has(file))).toEqual([]);
});
