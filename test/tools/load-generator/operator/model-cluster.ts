/** A cluster and one operator process after the other, in memory: follows a plan and counts. */
import type { LoadgenRequest } from '../../../../tools/load-generator/operator/api/request.ts';
import type { Measured } from '../../../../tools/load-generator/operator/api/result.ts';
import { type Action, plan, type RunState, type Seen } from '../../../../tools/load-generator/operator/plan/plan.ts';
import { CREATED, ENDED, MIXES, request, running, service, withStatus } from './made-up.ts';

export class ModelCluster {
  readonly requests = new Map<string, LoadgenRequest>();
  readonly results = new Map<string, Measured>();
  readonly services = new Set<string>();
  /** What the operator's watch shows. */
  seen: Seen = { requests: [], services: [] };
  readonly runs = new Map<string, RunState>();
  /** How often the load of each request was begun. */
  readonly begun = new Map<string, number>();
  /** Phases that each request went through. */
  readonly phases = new Map<string, string[]>();
  now = CREATED;
  #created = 0;

  create(serviceName: string, ttlSecondsAfterFinished: number): void {
    const name = `r${this.#created++}`;
    this.requests.set(`uid-of-${name}`, request(name, { serviceName, ttlSecondsAfterFinished }, this.now));
  }

  /** Services of the loads that run. */
  get loaded(): string[] {
    return [...this.runs].flatMap(([uid, { phase }]) => {
      const found = this.requests.get(uid);
      return phase === 'running' && found ? [found.spec.serviceName] : [];
    });
  }

  /** The watch catches up. */
  look(): void {
    this.seen = {
      requests: [...this.requests.values()],
      services: [...this.services].map((name) => service(name)),
    };
  }

  endRun(index: number): void {
    const uids = [...this.runs].filter(([, { phase }]) => phase === 'running').map(([uid]) => uid);
    const uid = uids[index % uids.length];
    if (uid !== undefined) this.runs.set(uid, ENDED);
  }

  /** The process dies; the next one sees everything before it acts. */
  restart(): void {
    this.runs.clear();
    this.look();
  }

  /** One round of the operator. @param fails the API server takes no writes @returns what it wanted to do */
  round(fails = false): Action[] {
    const actions = plan(this.seen, this.runs, MIXES, this.now);
    for (const action of actions) this.#perform(action, fails);
    return actions;
  }

  #perform(action: Action, fails: boolean): void {
    if (action.verb === 'drop') {
      this.runs.delete(action.uid);
      return;
    }
    const { uid } = action.request.metadata;
    const standing = this.requests.get(uid);
    if (fails || !standing) return;
    if (action.verb === 'delete') {
      this.requests.delete(uid);
      this.results.delete(uid);
      return;
    }
    if (action.verb === 'finish') this.results.set(uid, action.measured);
    this.requests.set(uid, withStatus(standing, action.status));
    this.phases.set(uid, [...(this.phases.get(uid) ?? []), action.status.phase ?? '']);
    if (action.verb !== 'start') return;
    this.begun.set(uid, (this.begun.get(uid) ?? 0) + 1);
    this.runs.set(uid, running(0));
  }
}
