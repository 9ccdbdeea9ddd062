/** Port: the time that everything in the controller goes by. */
export interface Clock {
  /** ms since 1970, but never stepping back. */
  now(): number;
  /** Runs once after `ms`; the returned function cancels it. */
  after(ms: number, run: () => void): () => void;
}
