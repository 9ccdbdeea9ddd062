/** Port: the election of the controller that decides and publishes. */
export interface Leadership {
  /** Name of this controller. */
  readonly identity: string;
  /** This controller leads at this moment. */
  readonly isLeading: boolean;
  /** Name of the leader; undefined when it is not known. */
  readonly leader: string | undefined;
  /** Where another leader listens; undefined when this controller leads, or when it is not known. */
  readonly leaderUrl: URL | undefined;
  /** `changed` tells that these values may have changed. */
  onChange(changed: () => void): void;
}

/** For a controller without others. */
export function alone(identity: string): Leadership {
  return { identity, isLeading: true, leader: identity, leaderUrl: undefined, onChange: () => undefined };
}
