/**
 * Generates playlists from a seed, with a structure like that of real ones: a long tail of songs that anyone may add,
 * and scenes. A scene is a group of songs, and a person who likes it adds most of them. The miner should find the
 * scenes as rules. Pure.
 */
import { type Random, randomInteger, seededRandom } from '../../service/random.ts';

const PLAYLISTS = 500;
const SONGS = 900;
const ARTISTS = 120;
const SCENES = 20;
const SONGS_PER_SCENE = 8;
/** Maximum number of scenes in one playlist. */
const MAX_SCENES = 2;
/** Probability that a playlist of a scene has any one of its songs. */
const LOYALTY = 0.93;
/** Number of songs in a playlist that belong to no scene. */
const OTHERS = { from: 8, to: 28 };
/** Flatness of their popularity: the song of rank r is chosen in proportion to 1 / (r + FLATNESS). */
const FLATNESS = 60;

export interface Song {
  readonly name: string;
  readonly artist: string;
  readonly album: string;
  readonly durationMs: number;
}

export interface Playlists {
  /** Songs of each playlist, each once. */
  readonly playlists: readonly (readonly Song[])[];
  /** Names of the songs that belong together. */
  readonly scenes: readonly (readonly string[])[];
}

/** The same seed always gives the same playlists. */
export function generatePlaylists(seed: number): Playlists {
  const random = seededRandom(seed);
  const songs = shuffled(
    Array.from({ length: SONGS }, (_, number) => songOf(number, random)),
    random,
  );
  const scenes = Array.from({ length: SCENES }, (_, scene) =>
    songs.slice(scene * SONGS_PER_SCENE, (scene + 1) * SONGS_PER_SCENE),
  );
  const others = songs.slice(SCENES * SONGS_PER_SCENE);
  const draw = drawByPopularity(others, random);
  const playlists = Array.from({ length: PLAYLISTS }, () => {
    const liked = Array.from({ length: randomInteger(random, 1, MAX_SCENES) }, () => choose(scenes, random));
    const chosen = new Set(liked.flat().filter(() => random() < LOYALTY));
    const size = chosen.size + randomInteger(random, OTHERS.from, OTHERS.to);
    while (chosen.size < size) chosen.add(draw());
    return shuffled([...chosen], random);
  });
  return { playlists, scenes: scenes.map((scene) => scene.map(({ name }) => name)) };
}

/** One line per song of a playlist, with the columns of the data sets that music services publish. */
export function playlistsCsv({ playlists }: Playlists): string {
  const lines = playlists.flatMap((songs, pid) =>
    songs.map(({ name, artist, album, durationMs }) => `${pid},${name},${artist},${album},${durationMs}`),
  );
  return ['pid,track_name,artist_name,album_name,duration_ms', ...lines, ''].join('\n');
}

function songOf(number: number, random: Random): Song {
  const artist = artistName(number % ARTISTS);
  const album = `${artist}: Volume ${1 + Math.floor(number / ARTISTS / 3)}`;
  return { name: songName(number), artist, album, durationMs: randomInteger(random, 120_000, 330_000) };
}

function choose<T>(from: readonly T[], random: Random): T {
  const chosen = from[Math.floor(random() * from.length)];
  if (chosen === undefined) throw new Error('there is nothing to choose from');
  return chosen;
}

/** `songs` are in the order of their popularity. */
function drawByPopularity(songs: readonly Song[], random: Random): () => Song {
  let total = 0;
  const reached = songs.map((song, rank) => ({ song, upTo: (total += 1 / (rank + FLATNESS)) }));
  return () => {
    const coin = random() * total;
    return (reached.find(({ upTo }) => coin < upTo) ?? choose(reached, random)).song;
  };
}

/** Fisher and Yates' shuffle. */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = randomInteger(random, 0, last);
    const [a, b] = [result[last], result[other]];
    if (a === undefined || b === undefined) continue;
    result[last] = b;
    result[other] = a;
  }
  return result;
}

const words = (text: string): string[] => text.split(/\s+/);

const QUALITIES =
  words(`Amber Broken Crimson Distant Electric Faded Golden Hollow Icy Jagged Kind Little Midnight Northern Open Paper
  Quiet Restless Silver Tender Urban Velvet Winter Yellow Zero Burning Silent Second Lonely Wild`);
const THINGS =
  words(`Anchor Avenue Bridge Cathedral Carousel Daylight Echo Ferry Garden Harbour Island Journey Kingdom Lantern
  Mirror Needle Ocean Parade Quarry River Satellite Tide Umbrella Valley Weather Window Yard Zephyr Highway
  Letter`);
const FIRST_NAMES = words(`Ada Bruno Carla Dario Elin Farid Greta Hana Ivo June Kofi Lena`);
const LAST_NAMES = words(`Abel Bright Castell Dorn Ekman Fields Grau Holm Ito Juarez`);

/** Number from 0 to 899. */
function songName(number: number): string {
  return `${QUALITIES[number % QUALITIES.length]} ${THINGS[Math.floor(number / QUALITIES.length)]}`;
}

/** Number from 0 to 119. */
function artistName(number: number): string {
  return `${FIRST_NAMES[number % FIRST_NAMES.length]} ${LAST_NAMES[Math.floor(number / FIRST_NAMES.length)]}`;
}
