/**
 * The generated users. The id of a user is a string: "1" to "5000", or any name such as "alice", which is generated from
 * the name. Each user has a favourite topic and a second one, which decide whom the user subscribes to and what they
 * watch. They like the videos that they watched longest and most often. Nothing is stored: each user is generated when it
 * is requested.
 */
import { createHash } from 'node:crypto';
import { draw, pick } from '../../service/random.ts';
import { TOPICS } from './topics.ts';
import { VIDEOS, videoTopic } from './videos.ts';

/** Number of users that others subscribe to: "1" to "5000". */
export const USERS = 5000;

/** Records of users start here; lower numbers are records of videos. */
const FIRST_RECORD = 1_000_000;
const FIELD = {
  first: 1,
  last: 2,
  favourite: 3,
  second: 4,
  subscriptions: 5,
  likes: 6,
  history: 7,
  followed: 1000,
  watched: 2000,
  engagement: 10_000,
};

const FIRST_NAMES = [
  'Ada',
  'Bela',
  'Chidi',
  'Dana',
  'Emil',
  'Freya',
  'Goran',
  'Hana',
  'Ines',
  'Jonas',
  'Kofi',
] as const;
const LAST_NAMES = ['Okafor', 'Lindqvist', 'Moreau', 'Tanaka', 'Novak', 'Silva', 'Haddad', 'Meyer', 'Kaya'] as const;

const SUBSCRIPTIONS = { from: 6, to: 20 };
const HISTORY = { from: 100, to: 200 };
const LIKES = { from: 8, to: 20 };
/** Maximum number of views of one video by one user. */
const MAX_VIEWS = 5;
/** Fraction of what a user watches and follows that is about the favourite topic, and about that or the second. */
const FAVOURITE_SHARE = 0.6;
const KNOWN_SHARE = 0.85;

export interface User {
  readonly id: string;
  readonly name: string;
  /** Ids of users. */
  readonly subscribedTo: readonly string[];
  /** Numbers of videos. */
  readonly likedVideos: readonly number[];
}

type Groups = readonly (readonly number[])[];

function groupByTopic(count: number, topicOf: (id: number) => number): Groups {
  const groups = TOPICS.map((): number[] => []);
  for (let id = 1; id <= count; id++) groups[topicOf(id)]?.push(id);
  return groups;
}

/** The record that a user is generated from. Names that are no numbers have records above those of the numbers. */
function recordOf(id: string): number {
  if (/^\d+$/.test(id)) return FIRST_RECORD + Number(id);
  return FIRST_RECORD + USERS + 1 + (createHash('sha256').update(id).digest().readUInt32BE() >>> 1);
}

function favouriteTopic(record: number): number {
  return Math.floor(draw(record, FIELD.favourite) * TOPICS.length);
}

function numberBetween(record: number, field: number, { from, to }: { from: number; to: number }): number {
  return from + Math.floor(draw(record, field) * (to - from + 1));
}

/** Fractions of a video that the user watched, summed over the views. Each further view is less likely. */
function engagement(record: number, video: number): number {
  let watched = 0;
  for (let view = 0; view < MAX_VIEWS; view++) {
    const field = FIELD.engagement + video * MAX_VIEWS + view;
    watched += draw(record, field);
    if (draw(-record, field) > 0.4) break;
  }
  return watched;
}

export class UserDirectory {
  readonly #videos = groupByTopic(VIDEOS, videoTopic);
  readonly #users = groupByTopic(USERS, (user) => favouriteTopic(FIRST_RECORD + user));

  /** Digits are the number of a user, without leading zeros; any other name is a user. */
  has(id: string): boolean {
    return !/^\d+$/.test(id) || (!id.startsWith('0') && Number(id) <= USERS);
  }

  /** @param id of an existing user */
  user(id: string): User {
    const record = recordOf(id);
    const name = `${pick(FIRST_NAMES, record, FIELD.first)} ${pick(LAST_NAMES, record, FIELD.last)}`;
    const subscriptions = numberBetween(record, FIELD.subscriptions, SUBSCRIPTIONS);
    const likes = numberBetween(record, FIELD.likes, LIKES);
    return {
      id,
      name,
      subscribedTo: this.#choose(record, FIELD.followed, subscriptions, this.#users, 1)
        .map(String)
        .filter((user) => user !== id),
      likedVideos: this.#history(record)
        .map((video) => ({ video, watched: engagement(record, video) }))
        .toSorted((a, b) => b.watched - a.watched)
        .slice(0, likes)
        .map(({ video }) => video),
    };
  }

  /** Numbers of the videos that the user has watched. Well-known videos of each topic are more likely. */
  #history(record: number): number[] {
    return this.#choose(record, FIELD.watched, numberBetween(record, FIELD.history, HISTORY), this.#videos, 2.5);
  }

  /**
   * Draws distinct members of the groups by the user's topics. A high `bias` favours the first members of each group.
   */
  #choose(record: number, field: number, count: number, groups: Groups, bias: number): number[] {
    const favourite = favouriteTopic(record);
    const second = Math.floor(draw(record, FIELD.second) * TOPICS.length);
    const chosen = new Set<number>();
    // The attempts are limited because a topic may have fewer than `count` members.
    for (let attempt = 0; chosen.size < count && attempt < 4 * count; attempt++) {
      const coin = draw(record, field + 3 * attempt);
      const any = Math.floor(draw(record, field + 3 * attempt + 1) * TOPICS.length);
      const topic = coin < FAVOURITE_SHARE ? favourite : coin < KNOWN_SHARE ? second : any;
      const group = groups[topic] ?? [];
      const member = group[Math.floor(draw(record, field + 3 * attempt + 2) ** bias * group.length)];
      if (member !== undefined) chosen.add(member);
    }
    return [...chosen];
  }
}
