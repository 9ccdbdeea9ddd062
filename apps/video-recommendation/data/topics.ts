/** Topics of the generated videos. */
import { draw } from '../../service/random.ts';

/** Length of every feature vector. */
export const DIMENSIONS = 32;

export interface Topic {
  readonly name: string;
  readonly subjects: readonly [string, ...string[]];
}

export const TOPICS: readonly [Topic, ...Topic[]] = [
  { name: 'Cooking', subjects: ['sourdough', 'ramen', 'knife skills', 'slow roasts', 'street food'] },
  { name: 'Gardening', subjects: ['tomatoes', 'compost', 'bonsai', 'wild meadows', 'fruit trees'] },
  { name: 'Astronomy', subjects: ['Saturn', 'dark skies', 'home telescopes', 'supernovae', 'the Moon'] },
  { name: 'Cycling', subjects: ['mountain passes', 'gravel roads', 'bike fitting', 'city commutes', 'touring'] },
  { name: 'Chess', subjects: ['the endgame', 'gambits', 'blitz', 'opening traps', 'famous matches'] },
  { name: 'Trains', subjects: ['night trains', 'steam engines', 'model railways', 'branch lines', 'signal boxes'] },
  { name: 'Music', subjects: ['jazz chords', 'modular synths', 'the cello', 'field recordings', 'drum breaks'] },
  { name: 'Woodwork', subjects: ['hand planes', 'dovetails', 'chair making', 'old tools', 'joinery'] },
  { name: 'Travel', subjects: ['the Azores', 'slow travel', 'Patagonia', 'island ferries', 'Kyoto'] },
  { name: 'Mathematics', subjects: ['primes', 'knots', 'infinite series', 'probability', 'tilings'] },
  { name: 'Film', subjects: ['silent film', 'colour grading', 'screenplays', 'long takes', 'stop motion'] },
  { name: 'Running', subjects: ['marathons', 'trail running', 'warm-ups', 'pacing', 'winter runs'] },
  { name: 'Electronics', subjects: ['soldering', 'radio', 'old computers', 'sensors', 'power supplies'] },
  { name: 'History', subjects: ['Roman roads', 'medieval maps', 'canals', 'lighthouses', 'castles'] },
  { name: 'Animals', subjects: ['otters', 'bees', 'urban foxes', 'owls', 'octopuses'] },
  { name: 'Architecture', subjects: ['brick', 'brutalism', 'tiny houses', 'bridges', 'timber frames'] },
];

const CENTRE_FIELD = 500;

/** Feature vector of each topic; components in [-1, 1). */
export const TOPIC_CENTRES: readonly (readonly number[])[] = TOPICS.map((_, topic) =>
  Array.from({ length: DIMENSIONS }, (_axis, axis) => draw(-1 - topic, CENTRE_FIELD + axis) * 2 - 1),
);
