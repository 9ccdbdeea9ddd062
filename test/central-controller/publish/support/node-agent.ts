/** An agent that wants some services and applies the lines that it receives, by the protocol. */
import { Compile } from 'typebox/compile';
import { expect } from 'vitest';
import type { Subscriber } from '../../../../central-controller/publish/agent-stream.ts';
import type { Publisher } from '../../../../central-controller/publish/publisher.ts';
import { AssignmentLine, type Subscription } from '../../../../contract/assignment-stream.ts';
import { decodeWeights } from '../../../../contract/weights-codec.ts';

const Line = Compile(AssignmentLine);

interface Held {
  version: number;
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  weights: readonly number[];
}

export class NodeAgent implements Subscriber {
  readonly node: string;
  readonly lines: AssignmentLine[] = [];
  readonly held = new Map<string, Held>();
  readonly unbalanced = new Set<string>();
  readonly #keys = new Map<number, string>();
  wanted: readonly string[] | 'all';
  last: Pick<AssignmentLine, 'cpu' | 'utilisation' | 'detail'> = {};
  epoch = 0;
  bytes = 0;
  takes = true;
  closed = false;

  constructor(wanted: readonly string[] | 'all', node = 'node-1') {
    this.node = node;
    this.wanted = wanted;
  }

  get subscription(): Subscription {
    const { node, epoch, wanted } = this;
    const services =
      wanted === 'all' ? [] : wanted.map((key): [string, number] => [key, this.held.get(key)?.version ?? 0]);
    return { node, instance: 'agent', epoch, services, ...(wanted === 'all' && { all: true }) };
  }

  connect(publisher: Publisher, now: number): void {
    publisher.subscribe(this, now, this.subscription);
  }

  write(text: string): boolean {
    expect(text.endsWith('\n')).toBe(true);
    this.bytes += text.length;
    const line = Line.Parse(JSON.parse(text));
    this.lines.push(line);
    if (line.epoch !== undefined && line.epoch !== this.epoch) this.#begin(line, line.epoch);
    for (const { id, key, version, replicas, weights } of line.services ?? []) {
      const names = replicas.map(([name]) => name);
      const addresses = replicas.map(([, address]) => address);
      this.held.set(key, { version, names, addresses, weights: decoded(weights, names.length) });
      this.#keys.set(id, key);
      this.unbalanced.delete(key);
    }
    for (const [id, weights] of line.weights ?? []) {
      const held = this.held.get(this.#keys.get(id) ?? '') ?? expect.fail(`nothing is held by the id ${id}`);
      held.weights = decoded(weights, held.names.length);
      held.version = line.version;
    }
    for (const key of line.unbalanced ?? []) {
      this.held.delete(key);
      this.unbalanced.add(key);
    }
    const { cpu, utilisation, detail } = line;
    this.last = { ...this.last, ...(cpu && { cpu }), ...(utilisation && { utilisation }), ...(detail && { detail }) };
    return this.takes;
  }

  #begin({ partial }: AssignmentLine, epoch: number): void {
    this.epoch = epoch;
    this.#keys.clear();
    if (partial) return;
    this.held.clear();
    this.unbalanced.clear();
    this.last = {};
  }

  close(): void {
    this.closed = true;
  }
}

function decoded(text: string, count: number): number[] {
  return Array.from(decodeWeights(text, count) ?? expect.fail('the weights do not decode'), (weight) =>
    Number(weight.toFixed(3)),
  );
}
