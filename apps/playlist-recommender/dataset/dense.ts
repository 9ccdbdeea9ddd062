/**
 * A small data set with very many rules, to try the bounds of the miner and the size of a model: two groups of people
 * who all have the same songs. 16 songs that always come together make 262,128 rules of up to 8 songs, 14 make 81,354;
 * together 343,482. Pure.
 */
import type { Playlists, Song } from './generate.ts';

const GROUP_SIZES = [16, 14] as const;
const PLAYLISTS_PER_GROUP = 50;
const MINUTE_MS = 60_000;

function songOf(group: number, number: number): Song {
  const artist = `Group ${group + 1}`;
  return { name: `${artist} Song ${number + 1}`, artist, album: 'All of it', durationMs: (2 + group) * MINUTE_MS };
}

export function densePlaylists(): Playlists {
  const groups = GROUP_SIZES.map((size, group) => Array.from({ length: size }, (_, number) => songOf(group, number)));
  return {
    playlists: groups.flatMap((songs) => Array.from({ length: PLAYLISTS_PER_GROUP }, () => songs)),
    scenes: groups.map((songs) => songs.map(({ name }) => name)),
  };
}
