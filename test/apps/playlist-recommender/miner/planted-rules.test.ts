/** What is planted in the generated playlists is what comes out of the miner, by way of the CSV. */
import { describe, expect, test } from 'vitest';
import { generatePlaylists, playlistsCsv } from '../../../../apps/playlist-recommender/dataset/generate.ts';
import { associationRules, DEFAULT_THRESHOLDS } from '../../../../apps/playlist-recommender/miner/association-rules.ts';
import { parsePlaylists } from '../../../../apps/playlist-recommender/miner/playlists.ts';
import { recommend } from '../../../../apps/playlist-recommender/service/recommend.ts';

describe.each([1, 2, 3])('seed %i', (seed) => {
  const generated = generatePlaylists(seed);
  const read = parsePlaylists(playlistsCsv(generated));
  const playlists = read.ok ? read.value : [];
  const { rules } = associationRules(playlists, DEFAULT_THRESHOLDS);
  const sceneOf = new Map(generated.scenes.flatMap((songs, scene) => songs.map((song) => [song, scene] as const)));

  test('playlists have the shape of real ones', () => {
    expect(playlists).toHaveLength(500);
    const sizes = playlists.map(({ size }) => size);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(12);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(44);
    const songs = new Set(generated.playlists.flat());
    expect(new Set([...songs].map(({ name }) => name)).size).toBe(songs.size);
    expect(songs.size).toBeGreaterThan(800);
    expect(new Set([...songs].map(({ artist }) => artist)).size).toBe(120);
  });

  test('every song of a scene leads to every other', () => {
    const found = new Set(rules.map(({ antecedent, consequent }) => [...antecedent, consequent].join('|')));
    const planted = generated.scenes.flatMap((scene) =>
      scene.flatMap((song) => scene.filter((other) => other !== song).map((other) => `${song}|${other}`)),
    );
    const recovered = planted.filter((pair) => found.has(pair));
    expect(recovered.length / planted.length).toBeGreaterThanOrEqual(0.99);
  });

  test('rules are about scenes and little else', () => {
    const within = rules.filter(({ antecedent, consequent }) => {
      const scene = sceneOf.get(consequent);
      return scene !== undefined && antecedent.every((song) => sceneOf.get(song) === scene);
    });
    expect(rules.length).toBeGreaterThan(5_000);
    expect(within.length / rules.length).toBeGreaterThanOrEqual(0.99);
  });

  test('two songs of a scene are recommended the others', () => {
    for (const [first = '', second = '', ...others] of generated.scenes) {
      expect(recommend(rules, [first, second], others.length).toSorted()).toEqual(others.toSorted());
    }
  });
});

test('the same seed gives the same playlists, another one others', () => {
  expect(playlistsCsv(generatePlaylists(7))).toBe(playlistsCsv(generatePlaylists(7)));
  expect(playlistsCsv(generatePlaylists(7))).not.toBe(playlistsCsv(generatePlaylists(8)));
});
