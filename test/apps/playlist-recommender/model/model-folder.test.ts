import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ModelFolder } from '../../../../apps/playlist-recommender/model/model-folder.ts';
import { ruleOf, sourceOf, testFolder } from '../support.ts';

const NOON = new Date('2026-05-01T12:00:00Z');

describe('a folder of rules', () => {
  test('has no model at first, also where there is no folder', async () => {
    expect(await new ModelFolder(testFolder()).readCheckpoint()).toEqual({ ok: true, value: undefined });
    expect(await new ModelFolder(join(testFolder(), 'none')).readCheckpoint()).toEqual({ ok: true, value: undefined });
  });

  test('gives back what was written', async () => {
    const folder = new ModelFolder(testFolder());
    const rules = [ruleOf('One', 'Two', 'Three "and" a half, maybe'), ruleOf('Two', 'One'), ruleOf('Drei – ξ', 'Two')];
    const checkpoint = await folder.write(sourceOf('1.0.0'), NOON, rules);
    expect(await folder.readCheckpoint()).toEqual({ ok: true, value: checkpoint });
    const value = { version: '1.0.0', date: NOON.toISOString(), rules };
    expect(await folder.readModel(checkpoint)).toEqual({ ok: true, value });
  });

  test('keeps the rules of the model before, for who is just about to read them, and no others', async () => {
    const folder = new ModelFolder(testFolder());
    const models = [];
    for (const song of ['One', 'Two', 'Three']) {
      models.push(await folder.write(sourceOf(song), NOON, [ruleOf(song, 'Zero')]));
    }
    const [, before, last] = models.map(({ rules }) => rules);
    expect(readdirSync(folder.path).toSorted()).toEqual(['checkpoint.json', before, last].toSorted());
  });

  test('is whole at every moment of a write', async () => {
    const folder = new ModelFolder(testFolder());
    const rulesOf = (song: string) => Array.from({ length: 500 }, (_, number) => ruleOf(`${song}${number}`, 'Zero'));
    await folder.write(sourceOf('first'), NOON, rulesOf('first'));
    const written = new AbortController();
    const writer = (async () => {
      for (let round = 0; round < 30; round++) {
        await folder.write(sourceOf(`v${round}-`), NOON, rulesOf(`v${round}-`));
      }
      written.abort();
    })();
    const versions = new Set<string>();
    while (!written.signal.aborted) {
      const read = await folder.readCheckpoint();
      if (!read.ok || !read.value) throw new Error(`no checkpoint: ${JSON.stringify(read)}`);
      const { version } = read.value;
      const model = await folder.readModel(read.value);
      // The rules of a checkpoint that was two writes ago may be gone: then the checkpoint is not that one any more.
      if (!model.ok) {
        const newer = await folder.readCheckpoint();
        expect(newer.ok && newer.value?.version).not.toBe(version);
        continue;
      }
      expect(model.value.rules).toHaveLength(500);
      expect(model.value.rules.every(({ consequent }) => consequent.startsWith(version))).toBe(true);
      versions.add(version);
    }
    await writer;
    expect(versions.size).toBeGreaterThan(1);
  });
});

describe('what cannot be read is refused with what is wrong', () => {
  const CHECKPOINT = { ...sourceOf('1.0.0'), date: NOON.toISOString(), rules: `rules-${'0'.repeat(16)}.json` };

  test.each([
    ['{', 'checkpoint: is not JSON'],
    ['[]', 'checkpoint: the whole'],
    [JSON.stringify({ ...CHECKPOINT, version: 3 }), 'checkpoint: version: must be string'],
    [JSON.stringify({ ...CHECKPOINT, rules: '../../etc/passwd' }), 'checkpoint: rules: must match pattern'],
    [JSON.stringify({ ...CHECKPOINT, minSupport: 7 }), 'checkpoint: minSupport: must be <= 1'],
  ])('checkpoint %s', async (text, says) => {
    const folder = testFolder();
    writeFileSync(join(folder, 'checkpoint.json'), text);
    expect(await new ModelFolder(folder).readCheckpoint()).toMatchObject({
      ok: false,
      failure: { code: 'INVALID_MODEL', message: expect.stringContaining(says) },
    });
  });

  test.each([
    [undefined, 'ENOENT'],
    ['{"songs":["a"],"rules":[[[0],', 'rules: is not JSON'],
    ['{"songs":["a"],"rules":[[[0],1,1,1,1]]}', 'rules[0]: names a song that is not in songs'],
    ['{"songs":["a"],"rules":[[[3],0,1,1,1]]}', 'rules[0]: names a song that is not in songs'],
    ['{"songs":["a"],"rules":[[[0],0,1]]}', 'rules: rules[0]'],
    ['{"songs":["a"],"rules":[[[0],0,1,2,1]]}', 'rules: rules[0][3]: must be <= 1'],
  ])('rules %s', async (text, says) => {
    const folder = testFolder();
    if (text !== undefined) writeFileSync(join(folder, CHECKPOINT.rules), text);
    expect(await new ModelFolder(folder).readModel(CHECKPOINT)).toMatchObject({
      ok: false,
      failure: { code: 'INVALID_MODEL', message: expect.stringContaining(says) },
    });
  });

  test('a checkpoint is a text that people can read', async () => {
    const folder = new ModelFolder(testFolder());
    await folder.write(sourceOf('1.0.0'), NOON, []);
    expect(readFileSync(join(folder.path, 'checkpoint.json'), 'utf8')).toContain('\n  "version": "1.0.0",\n');
  });
});
