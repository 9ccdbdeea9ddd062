import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  LeaseElection,
  type LeaseRecord,
  type LeaseWrite,
} from '../../../central-controller/kubernetes/lease-election.ts';

const DURATION = 3000;

/** The Lease on the API server: each write must name the version that it replaces. */
class Store {
  lease: LeaseRecord | undefined;
  #versions = 0;

  write({ version, ...rest }: LeaseWrite): LeaseRecord | undefined {
    if (version !== this.lease?.version) return undefined;
    this.lease = { ...rest, version: String(++this.#versions) };
    return this.lease;
  }
}

/** A round without any time between its steps. */
function round(election: LeaseElection, store: Store, now: number): void {
  if (!election.isLeading(now)) election.observe(store.lease, now);
  const write = election.attempt(now);
  const written = write && store.write(write);
  if (write && written) election.written(write, written.version, now, now);
  else if (write) election.observe(store.lease, now);
}

describe('an election', () => {
  test('the first one leads, the other waits from when it saw the last renewal, by its own clock', () => {
    const store = new Store();
    const [a, b] = [new LeaseElection('a', DURATION), new LeaseElection('b', DURATION)];
    round(a, store, 0);
    expect(a.isLeading(0)).toBe(true);
    const skew = 1_000_000;
    round(b, store, skew + 500);
    round(a, store, 1000);
    round(b, store, skew + 1500);
    expect(b.holder).toBe('a');
    expect(b.mayTakeAt()).toBe(skew + 1500 + DURATION);
    round(b, store, skew + 4499);
    expect(b.isLeading(skew + 4499)).toBe(false);
    round(b, store, skew + 4500);
    expect(b.isLeading(skew + 4500)).toBe(true);
    expect(a.isLeading(4500)).toBe(false);
    expect(store.lease).toMatchObject({ holder: 'b', transitions: 1 });
  });

  test('a leader that cannot renew stops before anybody may follow it', () => {
    const store = new Store();
    const a = new LeaseElection('a', DURATION);
    round(a, store, 100);
    expect(a.leadsUntil).toBeLessThan(100 + DURATION);
    expect(a.isLeading(a.leadsUntil)).toBe(false);
  });

  test('a lease that was released is taken at once', () => {
    const store = new Store();
    const [a, b] = [new LeaseElection('a', DURATION), new LeaseElection('b', DURATION)];
    round(a, store, 0);
    round(b, store, 0);
    a.resign();
    const release = a.release();
    if (release) store.write(release);
    expect(a.isLeading(1)).toBe(false);
    round(b, store, 1);
    expect(b.isLeading(1)).toBe(true);
    expect(a.release()).toEqual(release);
    a.observe(store.lease, 2);
    expect(a.release()).toBeUndefined();
  });

  test('a renewal that was taken without an answer is found out, and the leader goes on', () => {
    const store = new Store();
    const a = new LeaseElection('a', DURATION);
    round(a, store, 0);
    const unanswered = a.attempt(1000);
    if (unanswered) store.write(unanswered);
    round(a, store, 2000);
    expect(a.isLeading(2000)).toBe(true);
    round(a, store, 2001);
    expect(a.isLeading(2001 + 0.7 * DURATION)).toBe(true);
  });

  test('a lease that was deleted under its holder is not taken before that holder must know', () => {
    const store = new Store();
    const [a, b] = [new LeaseElection('a', DURATION), new LeaseElection('b', DURATION)];
    round(a, store, 0);
    round(b, store, 1);
    store.lease = undefined;
    round(b, store, 2);
    expect(b.isLeading(2)).toBe(false);
    expect(b.mayTakeAt()).toBe(2 + DURATION);
    round(a, store, 1000);
    expect(a.isLeading(1000)).toBe(false);
    round(a, store, 1001);
    expect(a.isLeading(1001)).toBe(true);
  });
});

/** A candidate whose requests and answers take as long as they like, or are lost. */
class Candidate {
  readonly election: LeaseElection;
  readonly #skew: number;
  readonly #store: Store;
  #underway: (() => void)[] = [];

  constructor(name: string, skew: number, store: Store) {
    this.election = new LeaseElection(name, DURATION);
    this.#skew = skew;
    this.#store = store;
  }

  isLeading(at: number): boolean {
    return this.election.isLeading(at + this.#skew);
  }

  /** One step of what a process does; the next one may come at any later time. */
  step(at: () => number, fate: Fate): void {
    const now = (): number => at() + this.#skew;
    const next = this.#underway.shift();
    if (next) return next();
    const write = (): void => {
      const askedAt = now();
      const attempt = this.election.attempt(askedAt);
      if (!attempt) return;
      let written: LeaseRecord | undefined;
      const arrive = (): void => {
        written = this.#store.write(attempt);
      };
      const answer = (): void => {
        if (written) this.election.written(attempt, written.version, askedAt, now());
        else {
          const read = this.#store.lease;
          this.#underway.push(() => this.election.observe(read, now()));
        }
      };
      if (fate === 'request lost') return;
      this.#underway.push(arrive);
      if (fate !== 'answer lost') this.#underway.push(answer);
    };
    if (this.isLeading(at())) return write();
    let seen: LeaseRecord | undefined;
    this.#underway.push(
      () => {
        seen = this.#store.lease;
      },
      () => {
        this.election.observe(seen, now());
        write();
      },
    );
  }

  release(): void {
    this.election.resign();
    const write = this.#underway.length === 0 ? this.election.release() : undefined;
    if (write) this.#store.write(write);
  }

  /** Its process ends; another one begins under another name. */
  restart(name: string): Candidate {
    return new Candidate(name, this.#skew + 12_345, this.#store);
  }
}

type Fate = 'goes well' | 'request lost' | 'answer lost';

test('whatever is late, lost, stopped or started anew, never do two lead', () => {
  const event = fc.record({
    after: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 5000 })),
    who: fc.nat(2),
    what: fc.constantFrom<Fate | 'release' | 'restart'>(
      'goes well',
      'goes well',
      'goes well',
      'goes well',
      'request lost',
      'answer lost',
      'release',
      'restart',
    ),
  });
  const skews = fc.array(fc.integer({ min: -1e9, max: 1e9 }), { minLength: 3, maxLength: 3 });
  let led = 0;
  fc.assert(
    fc.property(skews, fc.array(event, { minLength: 20, maxLength: 120 }), (offsets, events) => {
      const store = new Store();
      const candidates = offsets.map((skew, index) => new Candidate(`c${index}`, skew, store));
      let at = 0;
      for (const [index, { after, who, what }] of events.entries()) {
        at += after;
        const candidate = candidates[who];
        if (!candidate) continue;
        if (what === 'restart') candidates[who] = candidate.restart(`c${who}-${index}`);
        else if (what === 'release') candidate.release();
        else candidate.step(() => at, what);
        const leaders = candidates.filter((one) => one.isLeading(at)).length;
        expect(leaders).toBeLessThanOrEqual(1);
        led += leaders;
      }
    }),
    { numRuns: 3000 },
  );
  // The property would also hold if no controller ever led.
  expect(led).toBeGreaterThan(1000);
});
