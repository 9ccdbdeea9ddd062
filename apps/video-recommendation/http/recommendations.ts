/** The answer of `GET /recommendations/{user}`, which the page of another replica reads. */
import { type Static, Type } from 'typebox';

/** Replicas of the version before answer with a number. */
const UserId = Type.Union([Type.String(), Type.Integer()], { description: 'Id of a user' });

const Recommended = Type.Object({
  id: Type.Integer(),
  title: Type.String(),
  author: UserId,
  topic: Type.String(),
  seconds: Type.Integer(),
  score: Type.Optional(Type.Number({ description: 'Relevance from 0 to 1; none for what is only trending' })),
  because: Type.Optional(Type.String({ description: 'Title of the liked video that it is the most like' })),
});
export type Recommended = Static<typeof Recommended>;

export const Recommendations = Type.Object({
  user: UserId,
  source: Type.Union([Type.Literal('ranking'), Type.Literal('trending')]),
  stale: Type.Boolean({ description: 'The videos are not chosen for this user: a service failed' }),
  reason: Type.Optional(Type.String({ description: 'Which service failed, and how' })),
  asOf: Type.Optional(Type.String({ description: 'When the list of trending videos was fetched, RFC 3339' })),
  videos: Type.Array(Recommended),
});
export type Recommendations = Static<typeof Recommendations>;
