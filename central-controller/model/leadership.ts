/** Port: which of several controllers decides and publishes. */
export interface Leadership {
  /** Name of this controller among the others. */
  readonly identity: string;
  /** It is this one, at this moment. */
  readonly isLeading: boolean;
  /** The one that leads, as far as is known. */
  readonly leader: string | undefined;
  /** Where the one that leads listens; undefined where that is this one, or not known. */
  readonly leaderUrl: URL | undefined;
  /** `changed` only says that it is worth asking again. */
  onChange(changed: () => void): void;
}

/** A controller that has no others beside it. */
export function alone(identity: string): Leadership {
  return { identity, isLeading: true, leader: identity, leaderUrl: undefined, onChange: () => undefined };
}
