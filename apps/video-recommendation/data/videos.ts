/**
 * The generated videos: numbers 1 to 10,000. Low numbers are well known. Nothing is stored: each video is generated
 * when it is requested.
 */
import { draw, pick } from '../../service/random.ts';
import { hourlyViews } from './heat.ts';
import { DIMENSIONS, TOPICS, TOPIC_CENTRES, type Topic } from './topics.ts';

export const VIDEOS = 10_000;
/** The users with the lowest numbers make the videos. */
const AUTHORS = 400;
/** Candidates for the trending list. Videos with higher numbers never get as many views. */
const WELL_KNOWN = 1000;

const FIELD = { topic: 1, second: 2, mix: 3, lead: 4, subject: 5, author: 6, length: 7, part: 8, noise: 100 };

const LEADS = [
  'A beginner’s guide to',
  'The quiet history of',
  'One hour of',
  'Everything I got wrong about',
  'Why we still love',
  'Inside the world of',
  'The science behind',
  'Thirty days of',
  'What nobody tells you about',
  'A slow look at',
] as const;

export interface Video {
  readonly id: number;
  readonly title: string;
  /** Id of the user who made it. */
  readonly author: string;
  readonly topic: string;
  readonly seconds: number;
  /** Views per hour: weighted mean of the past week. */
  readonly hourlyViews: number;
  /** Feature vector of length 1, rounded to thousandths. */
  readonly features: readonly number[];
}

export function isVideo(id: number): boolean {
  return Number.isInteger(id) && id >= 1 && id <= VIDEOS;
}

/** Index in TOPICS of what a video is mostly about. */
export function videoTopic(video: number): number {
  return Math.floor(draw(video, FIELD.topic) * TOPICS.length);
}

/** A point between the centres of two topics, nearer to the first, with some noise. */
function features(video: number): number[] {
  const first = TOPIC_CENTRES[videoTopic(video)] ?? [];
  const second = TOPIC_CENTRES[Math.floor(draw(video, FIELD.second) * TOPICS.length)] ?? [];
  const share = 0.4 * draw(video, FIELD.mix);
  const vector = Array.from(
    { length: DIMENSIONS },
    (_, axis) => (first[axis] ?? 0) * (1 - share) + (second[axis] ?? 0) * share + draw(video, FIELD.noise + axis) - 0.5,
  );
  const norm = Math.sqrt(vector.reduce((sum, component) => sum + component * component, 0));
  return vector.map((component) => Math.round((component / norm) * 1000) / 1000);
}

/** A third of the videos stand alone; the others are parts of a series. */
function title(video: number, subjects: Topic['subjects']): string {
  const series = `${pick(LEADS, video, FIELD.lead)} ${pick(subjects, video, FIELD.subject)}`;
  const part = Math.floor(draw(video, FIELD.part) * 18) - 5;
  return part < 1 ? series : `${series}, part ${part}`;
}

/** @param hour whole hours since 1970 */
export function videoAt(video: number, hour: number): Video {
  const topic = TOPICS[videoTopic(video)] ?? TOPICS[0];
  return {
    id: video,
    title: title(video, topic.subjects),
    author: String(1 + Math.floor(draw(video, FIELD.author) * AUTHORS)),
    topic: topic.name,
    seconds: 90 + Math.floor(draw(video, FIELD.length) ** 2 * 3600),
    hourlyViews: Math.round(hourlyViews(video, hour)),
    features: features(video),
  };
}

/** Numbers of the most watched videos in `hour`, the most watched first. */
export function trendingVideos(hour: number, count: number): number[] {
  return Array.from({ length: WELL_KNOWN }, (_, index) => index + 1)
    .map((video) => ({ video, views: hourlyViews(video, hour) }))
    .toSorted((a, b) => b.views - a.views)
    .slice(0, count)
    .map(({ video }) => video);
}
