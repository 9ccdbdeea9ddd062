import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { mineRules } from '../../../../apps/playlist-recommender/miner/mine-rules.ts';
import { ModelFolder } from '../../../../apps/playlist-recommender/model/model-folder.ts';
import { stubServer } from '../../../tools/load-generator/stub-server.ts';
import { testFolder } from '../support.ts';

const CSV = 'pid,track_name\n1,One\n1,Two\n2,One\n2,Two\n3,Three\n';
const NOON = () => new Date('2026-05-01T12:00:00Z');
const LATER = () => new Date('2026-05-01T13:00:00Z');
const HOW = { version: '1.0.0', minSupport: 0.5, minConfidence: 0.5 };

function csvFile(csv: string | Uint8Array = CSV): string {
  const path = join(testFolder(), 'playlists.csv');
  writeFileSync(path, csv);
  return pathToFileURL(path).href;
}

/** Names and times of all files: what no reader could tell from before. */
function stateOf(folder: string): string[] {
  return readdirSync(folder)
    .map((file) => `${file} ${statSync(join(folder, file)).mtimeMs} ${statSync(join(folder, file)).ino}`)
    .toSorted();
}

describe('mining', () => {
  test('writes the rules, and a checkpoint that says what they were mined from', async () => {
    const [folder, dataset] = [new ModelFolder(join(testFolder(), 'new', 'folder')), csvFile()];
    expect(await mineRules(folder, { ...HOW, dataset }, NOON)).toMatchObject({ ok: true, value: { changed: true } });
    const checkpoint = JSON.parse(readFileSync(join(folder.path, 'checkpoint.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(checkpoint).toEqual({
      ...HOW,
      dataset,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      date: '2026-05-01T12:00:00.000Z',
      rules: expect.stringMatching(/^rules-/),
    });
    const read = await folder.readCheckpoint();
    const model = read.ok && read.value ? await folder.readModel(read.value) : undefined;
    expect(model).toMatchObject({ ok: true, value: { version: '1.0.0', date: '2026-05-01T12:00:00.000Z' } });
    expect(model?.ok && model.value.rules).toEqual(
      [
        { antecedent: ['Two'], consequent: 'One', support: 2 / 3, confidence: 1, lift: 1.5 },
        { antecedent: ['One'], consequent: 'Two', support: 2 / 3, confidence: 1, lift: 1.5 },
      ].toSorted((a, b) => a.consequent.localeCompare(b.consequent)),
    );
  });

  test('does nothing a second time', async () => {
    const [folder, dataset] = [new ModelFolder(testFolder()), csvFile()];
    await mineRules(folder, { ...HOW, dataset }, NOON);
    const before = stateOf(folder.path);
    const again = await mineRules(folder, { ...HOW, dataset }, LATER);
    expect(again).toMatchObject({ ok: true, value: { changed: false, checkpoint: { date: NOON().toISOString() } } });
    expect(stateOf(folder.path)).toEqual(before);
  });

  test.each<[string, (dataset: string, folder: string) => object]>([
    ['version', () => ({ version: '1.0.1' })],
    ['threshold', () => ({ minSupport: 0.6 })],
    ['address of the data set', () => ({ dataset: csvFile() })],
    ['content of the data set', (dataset) => (writeFileSync(new URL(dataset), `${CSV}4,Three\n`), {})],
    ['folder: the rules are gone', (_, folder) => (removeRules(folder), {})],
    [
      'folder: the checkpoint is no longer one',
      (_, folder) => (writeFileSync(join(folder, 'checkpoint.json'), '{'), {}),
    ],
  ])('mines again for another %s', async (_, change) => {
    const [folder, dataset] = [new ModelFolder(testFolder()), csvFile()];
    await mineRules(folder, { ...HOW, dataset }, NOON);
    const changed = { ...HOW, dataset, ...change(dataset, folder.path) };
    const again = await mineRules(folder, changed, LATER);
    expect(again).toMatchObject({ ok: true, value: { changed: true, checkpoint: { date: LATER().toISOString() } } });
    expect(await mineRules(folder, changed, LATER)).toMatchObject({ ok: true, value: { changed: false } });
  });

  test('takes a data set from a server', async () => {
    const { url } = await stubServer((_request, response) => response.end(CSV));
    const mined = await mineRules(new ModelFolder(testFolder()), { ...HOW, dataset: url.href }, NOON);
    expect(mined).toMatchObject({ ok: true, value: { changed: true, checkpoint: { dataset: url.href } } });
  });
});

describe('a data set that cannot be had leaves the folder as it is', () => {
  test.each<[string, () => Promise<string> | string, string, string]>([
    ['that is not there', () => 'file:///nowhere/playlists.csv', 'DATASET_UNREACHABLE', 'ENOENT'],
    ['whose server refuses', refusing, 'DATASET_UNREACHABLE', 'answers 404'],
    ['whose server is gone', gone, 'DATASET_UNREACHABLE', 'ECONNREFUSED'],
    ['that is no playlist', () => csvFile('a,b\n1,2\n'), 'INVALID_DATASET', 'column pid: is missing'],
    ['that is packed', () => csvFile(gzipSync(CSV)), 'INVALID_DATASET', 'is not text in UTF-8'],
    ['in Latin-1', () => csvFile(Buffer.from('pid,track_name\n1,caf\xe9\n', 'latin1')), 'INVALID_DATASET', 'UTF-8'],
    ['whose address is none', () => 'playlists.csv', 'INVALID_FLAG', 'is not a URL'],
    ['of another protocol', () => 'ftp://host/playlists.csv', 'INVALID_FLAG', 'is neither http:'],
    ['with a seed that is none', () => 'generated:x', 'INVALID_FLAG', 'neither dense nor a seed'],
  ])('one %s', async (_, dataset, code, says) => {
    const folder = new ModelFolder(testFolder());
    await mineRules(folder, { ...HOW, dataset: csvFile() }, NOON);
    const before = stateOf(folder.path);
    const mined = await mineRules(folder, { ...HOW, dataset: await dataset() }, LATER);
    expect(mined).toMatchObject({ ok: false, failure: { code, message: expect.stringContaining(says) } });
    expect(stateOf(folder.path)).toEqual(before);
  });
});

function removeRules(folder: string): void {
  for (const file of readdirSync(folder)) if (file.startsWith('rules-')) rmSync(join(folder, file));
}

async function refusing(): Promise<string> {
  return (await stubServer((_request, response) => response.writeHead(404).end())).url.href;
}

async function gone(): Promise<string> {
  const server = await stubServer(() => undefined);
  await server.close();
  return server.url.href;
}
