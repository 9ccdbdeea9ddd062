/** The types of what is mined, stored and served. */

/** Playlists that have all songs of the antecedent tend to have the consequent as well. */
export interface Rule {
  readonly antecedent: readonly string[];
  readonly consequent: string;
  /** Fraction of all playlists that have antecedent and consequent, 0 to 1. */
  readonly support: number;
  /** Fraction of the playlists with the antecedent that also have the consequent, 0 to 1. */
  readonly confidence: number;
  /** Confidence over the fraction of all playlists that have the consequent. 1 means that the two are independent. */
  readonly lift: number;
}

/** What rules were mined from, and how. While it stays the same, nothing is mined again. */
export interface Source {
  /** Version of the model, from the miner's flag `--version`. */
  readonly version: string;
  /** URL of the data set. */
  readonly dataset: string;
  /** SHA-256 of the data set's bytes, hexadecimal. */
  readonly sha256: string;
  /** Minimum fraction of the playlists that have all songs of a rule. */
  readonly minSupport: number;
  readonly minConfidence: number;
  /** Bounds of the miner; absent in models of earlier versions. */
  readonly maxSongs?: number;
  readonly maxRules?: number;
  readonly maxSeconds?: number;
}

/** All rules of one mining run. An answer uses the rules of one model only. */
export interface Model {
  readonly version: string;
  /** When it was mined, ISO 8601. */
  readonly date: string;
  readonly rules: readonly Rule[];
}
