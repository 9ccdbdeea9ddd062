/** 343,482 rules: mined within the default bounds, stored, loaded and served. */
import { expect, test } from 'vitest';
import { DEFAULT_THRESHOLDS } from '../../../../apps/playlist-recommender/miner/association-rules.ts';
import { densePlaylists } from '../../../../apps/playlist-recommender/dataset/dense.ts';
import { mineRules } from '../../../../apps/playlist-recommender/miner/mine-rules.ts';
import { ModelFolder } from '../../../../apps/playlist-recommender/model/model-folder.ts';
import { createServer } from '../../../../apps/playlist-recommender/service/server.ts';
import { testFolder } from '../support.ts';

/** Rules of up to `maxSongs` of n songs that always come together: each set of k songs makes k rules. */
function rulesOf(n: number, maxSongs: number): number {
  let sets = n;
  let rules = 0;
  for (let k = 2; k <= maxSongs; k++) {
    sets = (sets * (n - k + 1)) / k;
    rules += sets * k;
  }
  return rules;
}

const ALL = rulesOf(16, 8) + rulesOf(14, 8);
const OPTIONS = { dataset: 'generated:dense', version: '1', ...DEFAULT_THRESHOLDS, maxSeconds: 600 };

test('340,000 rules are mined, stored, loaded and asked', { timeout: 120_000 }, async () => {
  const folder = new ModelFolder(testFolder());
  const mined = await mineRules(folder, OPTIONS, () => new Date());
  expect(ALL).toBe(343_482);
  expect(mined).toMatchObject({ ok: true, value: { rules: ALL } });
  expect(mined.ok && mined.value.cut).toBeUndefined();
  const checkpoint = await folder.readCheckpoint();
  if (!checkpoint.ok || !checkpoint.value) throw new Error('no checkpoint');
  const model = await folder.readModel(checkpoint.value);
  if (!model.ok) throw new Error(model.failure.message);
  expect(model.value.rules).toHaveLength(ALL);
  const server = createServer(() => model.value, '1');
  const [ours = [], theirs = []] = densePlaylists().scenes;
  const answer = await server.inject({ method: 'POST', url: '/api/recommend', payload: { songs: ours.slice(0, 3) } });
  const { songs } = answer.json<{ songs: string[] }>();
  expect(songs).toHaveLength(10);
  expect(songs.every((song) => ours.includes(song) && !theirs.includes(song))).toBe(true);
});

test.each([
  [{ maxRules: 100_000 }, 5, 'rules of more than 5 songs are left out: there are more than 100000 (--max-rules)'],
  [{ maxSongs: 4 }, 4, undefined],
])('bounds %j leave whole sizes out', { timeout: 120_000 }, async (bounds, songs, cut) => {
  const mined = await mineRules(new ModelFolder(testFolder()), { ...OPTIONS, ...bounds }, () => new Date());
  expect(mined).toMatchObject({ ok: true, value: { rules: rulesOf(16, songs) + rulesOf(14, songs) } });
  expect(mined.ok && mined.value.cut).toBe(cut);
});
