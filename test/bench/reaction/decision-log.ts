/** Follows the controller's decisions and keeps how much CPU demand each one sends to a node. */
import { request } from 'undici';
import type { Decision } from '../../../contract/decision.ts';

export interface Shift {
  readonly tick: number;
  /** Wall clock, ms. */
  readonly at: number;
  /** CPU demand that the weights in force send to the node, in cores. */
  readonly cores: number;
}

/** Demand that a decision's weights send to the replicas on `node`. */
function demandOn(decision: Decision, node: string): number {
  return decision.services.reduce((sum, { demandCores, replicas }) => {
    const weight = replicas
      .filter((replica) => replica.node === node)
      .reduce((all, replica) => all + replica.weight, 0);
    return sum + demandCores * weight;
  }, 0);
}

export class DecisionLog {
  readonly shifts: Shift[] = [];
  readonly #node: string;
  readonly #abort = new AbortController();

  constructor(node: string) {
    this.#node = node;
  }

  /** Follows until `close`. Rejects when the stream cannot be opened or ends. */
  async follow(controller: URL): Promise<void> {
    const { body } = await request(new URL('/api/v1/stream?intervalMs=0', controller), {
      signal: this.#abort.signal,
      bodyTimeout: 0,
    });
    let rest = '';
    for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
      const events = (rest + chunk).split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) this.#take(event);
    }
  }

  close(): void {
    this.#abort.abort();
  }

  #take(event: string): void {
    const data = /^data: (.*)$/m.exec(event)?.[1];
    if (data === undefined) return;
    const decision = JSON.parse(data) as Decision;
    this.shifts.push({ tick: decision.tick, at: decision.at, cores: demandOn(decision, this.#node) });
  }
}
