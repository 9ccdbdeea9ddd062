import { describe, expect, test } from 'vitest';
import { javascriptOf } from '../../../tools/images/javascript.ts';
import { reachedFrom } from '../../../tools/images/reached-modules.ts';
import { temporaryTree } from '../../host-agent/support/tree.ts';

const SOURCE = `#!/usr/bin/env node
import type { Kind } from './kind.ts';
import data from './data.json' with { type: 'json' };
import { readFile } from 'node:fs/promises';
import parser, { type Options } from '@scope/parser/fast.js';
export * from "./all.ts";
const later = async (): Promise<Kind> => (await import('./later.ts')).kind;
const thread = new Worker(new URL('thread.ts', import.meta.url));
const text: string = "./not-an-import.ts";
`;

describe('an image’s JavaScript', () => {
  test('has no types, names its like, and stands where the source did', async () => {
    const root = temporaryTree({ 'main.ts': SOURCE });
    const { code } = await javascriptOf(root, 'main.ts');
    expect(code).not.toMatch(/Kind|: string|type Options/);
    expect(code).toContain('export * from "./all.js"');
    expect(code).toContain("import('./later.js')");
    expect(code).toContain("new URL('thread.js', import.meta.url)");
    expect(code).toContain('"./not-an-import.ts"');
    const place = (text: string): number[] => text.split('\n').map((line) => line.indexOf('await'));
    expect(place(code)).toEqual(place(SOURCE));
    expect(code).toHaveLength(SOURCE.length);
  });

  test('comes with all that it imports, but what are types alone', async () => {
    const root = temporaryTree({
      'app/main.ts': SOURCE,
      'app/all.ts': "export { a } from '../shared/a.ts';\n",
      'app/later.ts': 'export const kind: number = 1;\n',
      'app/data.json': '{}\n',
      'shared/a.ts': "import 'fastify';\nimport '../app/main.ts';\nexport const a = 1;\n",
    });
    const { modules, data, packages } = await reachedFrom(root, ['app/main.ts']);
    expect([...modules.keys()].toSorted()).toEqual(['app/all.ts', 'app/later.ts', 'app/main.ts', 'shared/a.ts']);
    expect(data).toEqual(['app/data.json']);
    expect(packages).toEqual(expect.arrayContaining(['@scope/parser', 'fastify']));
    expect(packages).toHaveLength(2);
  });
});
