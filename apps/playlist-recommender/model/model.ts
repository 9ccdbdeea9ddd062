/** What is mined, stored and served. */

/** Playlists that have all songs of the antecedent tend to have the consequent too. */
export interface Rule {
  readonly antecedent: readonly string[];
  readonly consequent: string;
  /** Share of all playlists that have antecedent and consequent, 0 to 1. */
  readonly support: number;
  /** Share of the playlists with the antecedent that have the consequent too, 0 to 1. */
  readonly confidence: number;
  /** Confidence over the consequent's share of all playlists; 1: the two have nothing to do with each other. */
  readonly lift: number;
}

/** What rules were mined from, and how: nothing needs to be mined again while it stays the same. */
export interface Source {
  /** Of the model, as the miner was told. */
  readonly version: string;
  /** URL of the data set. */
  readonly dataset: string;
  /** Of the data set's bytes, hexadecimal. */
  readonly sha256: string;
  /** Least share of the playlists that have all songs of a rule. */
  readonly minSupport: number;
  readonly minConfidence: number;
}

/** Rules as a whole: an answer comes from one model alone. */
export interface Model {
  readonly version: string;
  /** When it was mined, ISO 8601. */
  readonly date: string;
  readonly rules: readonly Rule[];
}
