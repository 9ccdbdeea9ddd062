import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ModelFolder } from '../../../../apps/playlist-recommender/model/model-folder.ts';
import { ModelWatch } from '../../../../apps/playlist-recommender/service/model-watch.ts';
import { ruleOf, sourceOf, testFolder } from '../support.ts';

const NOON = new Date('2026-05-01T12:00:00Z');

function watchOf(): { folder: ModelFolder; watch: ModelWatch; lines: string[] } {
  const folder = new ModelFolder(testFolder());
  const lines: string[] = [];
  return { folder, watch: new ModelWatch(folder, (text) => lines.push(text)), lines };
}

test('takes the first model and each newer one, and says so once', async () => {
  const { folder, watch, lines } = watchOf();
  await watch.look();
  expect(watch.model).toBeUndefined();
  for (const version of ['1', '2']) {
    await folder.write(sourceOf(version), NOON, [ruleOf('Two', 'One')]);
    await watch.look();
    await watch.look();
    expect(watch.model).toMatchObject({ version, date: NOON.toISOString() });
  }
  expect(lines).toEqual(['1', '2'].map((version) => `version ${version} of ${NOON.toISOString()}: 1 rules`));
});

test('keeps the model that it has while a newer one cannot be read, and complains once', async () => {
  const { folder, watch, lines } = watchOf();
  const { rules } = await folder.write(sourceOf('1'), NOON, [ruleOf('Two', 'One')]);
  await watch.look();
  writeFileSync(join(folder.path, 'checkpoint.json'), '{');
  await watch.look();
  await watch.look();
  await folder.write(sourceOf('2'), NOON, [ruleOf('Two', 'One')]);
  rmSync(join(folder.path, rules));
  await watch.look();
  await watch.look();
  expect(watch.model?.version).toBe('1');
  expect(lines.slice(1)).toEqual([
    expect.stringContaining('the rules cannot be read: checkpoint: is not JSON'),
    expect.stringContaining('the rules cannot be read: ENOENT'),
  ]);
  await folder.write(sourceOf('2'), NOON, [ruleOf('Two', 'One')]);
  await watch.look();
  expect(watch.model?.version).toBe('2');
});

test('goes on looking until it is stopped', async () => {
  const { folder, watch } = watchOf();
  const running = watch.run(1);
  await folder.write(sourceOf('1'), NOON, []);
  await expect.poll(() => watch.model?.version).toBe('1');
  await folder.write(sourceOf('2'), NOON, []);
  await expect.poll(() => watch.model?.version).toBe('2');
  watch.stop();
  await running;
});
