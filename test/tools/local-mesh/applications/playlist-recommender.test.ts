import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readMix } from '../../../../tools/load-generator/flags.ts';
import { application } from '../../../../tools/local-mesh/applications/playlist-recommender.ts';
import { generatePlaylists } from '../../../../apps/playlist-recommender/dataset/generate.ts';
import { testFolder } from '../../../apps/playlist-recommender/support.ts';

test('its mix asks for songs of scenes that the rules are about', () => {
  const mix = readMix(application.mix);
  if (!mix.ok) throw new Error(mix.failure.message);
  const { scenes } = generatePlaylists(1);
  const lists = Object.values(mix.value.parameters).flatMap((each) => (each.kind === 'choice' ? [each.of] : []));
  expect(lists).toHaveLength(3);
  for (const [index, songs] of lists.entries()) {
    expect(Object.keys(songs)).toEqual(scenes.map((scene) => scene[index]));
  }
});

test('what it prepares in a mesh is a folder of rules that replicas are told to read', async () => {
  const shared = testFolder();
  await application.prepare?.(shared);
  expect(readdirSync(shared)).toContain('checkpoint.json');
  const place = { listen: '127.0.0.1:1', data: testFolder(), shared };
  expect(application.replica('playlist-recommender', place).flags).toEqual({ listen: '127.0.0.1:1', data: shared });
});
