/** The two connections of one agent to the controller: reports as lines of long requests, and the stream of assignments. */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { AssignmentLine, Subscription } from '../../../contract/assignment-stream.ts';
import { decodeWeights } from '../../../contract/weights-codec.ts';
import type { NodeCounters } from './node-counters.ts';

export type Protocol = 'v1' | 'v2';

/** A request of reports lasts as long as those of an agent. */
const REPORTS_PER_REQUEST = 32;
const RETRY_MS = 1000;

/** What all agents of a process have seen together. */
export interface Seen {
  /** Bytes of assignments. */
  bytesIn: number;
  /** Bytes of reports. */
  bytesOut: number;
  reports: number;
  listening: number;
  /** Reports that were answered by anything but success. */
  refused: number;
  /** Connections that ended by themselves. */
  broken: number;
  /** Lines that are wrong in what they say. */
  unsound: number;
  /** Pairs of a version and when its line was read, ms since 1970. */
  readonly read: number[];
}

export interface Wire {
  readonly origin: string;
  readonly protocol: Protocol;
  readonly connections: Agent;
  /** The agent's own: the controller limits what one address may ask. */
  readonly localAddress: string;
  readonly seen: Seen;
  readonly signal: AbortSignal;
}

export function connectionsOf(): Agent {
  return new Agent({ keepAlive: true, maxSockets: Infinity });
}

export class AgentWire {
  readonly #wire: Wire;
  readonly #counters: NodeCounters;
  /** Checks what it reads, which costs time: a few agents do. */
  readonly #checks: boolean;
  readonly #keys: ReadonlySet<string>;
  /** Replicas of each service by its id. */
  readonly #sizes = new Map<number, number>();
  #reports: ClientRequest | undefined;
  #left: number;
  #isFull = true;

  /** @param index spreads the ends of the agents' requests */
  constructor(wire: Wire, counters: NodeCounters, index: number, checks: boolean) {
    this.#wire = wire;
    this.#counters = counters;
    this.#checks = checks;
    this.#keys = new Set(counters.keys);
    this.#left = 1 + (index % REPORTS_PER_REQUEST);
  }

  report(): void {
    const { protocol, seen } = this.#wire;
    this.#reports ??= this.#openReports();
    const report = protocol === 'v1' ? this.#counters.oldReport() : this.#counters.report(this.#isFull);
    this.#isFull = false;
    const line = `${JSON.stringify(report)}\n`;
    seen.bytesOut += line.length;
    seen.reports++;
    this.#reports.write(line);
    if (--this.#left > 0) return;
    this.#reports.end();
    this.#reports = undefined;
    this.#left = REPORTS_PER_REQUEST;
  }

  listen(): void {
    const { protocol, seen, signal } = this.#wire;
    if (signal.aborted) return;
    const { node, keys } = this.#counters;
    const subscription: Subscription = {
      node,
      instance: node,
      epoch: 0,
      services: keys.map((key) => [key, 0]),
    };
    const asked =
      protocol === 'v1'
        ? this.#request('GET', `/agent/v1/assignments?node=${node}`)
        : this.#request('POST', '/agent/v2/assignments', 'application/json');
    let isListening = false;
    asked.once('response', (response) => {
      isListening = response.statusCode === 200;
      if (isListening) seen.listening++;
      if (protocol === 'v1') response.on('data', (bytes: Buffer) => (seen.bytesIn += bytes.length));
      else this.#readLines(response);
    });
    asked.once('close', () => {
      if (isListening) seen.listening--;
      if (signal.aborted) return;
      seen.broken++;
      setTimeout(() => this.listen(), RETRY_MS);
    });
    asked.end(protocol === 'v1' ? undefined : JSON.stringify(subscription));
  }

  #readLines(response: IncomingMessage): void {
    const { seen } = this.#wire;
    let rest = '';
    response.setEncoding('latin1');
    response.on('data', (text: string) => {
      seen.bytesIn += text.length;
      const now = performance.timeOrigin + performance.now();
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(JSON.parse(line) as AssignmentLine, now);
    });
  }

  #take(line: AssignmentLine, now: number): void {
    const { seen } = this.#wire;
    this.#counters.version = line.version;
    if (line.weights === undefined && line.services === undefined) return;
    // The first line holds what was decided before.
    if (line.epoch === undefined) seen.read.push(line.version, now);
    if (this.#checks && !this.#isSound(line)) seen.unsound++;
  }

  /** All is about services that the node wants, and each service has a weight for each replica. */
  #isSound({ services = [], weights = [] }: AssignmentLine): boolean {
    for (const { id, replicas } of services) this.#sizes.set(id, replicas.length);
    const all = [...services.map(({ id, weights: text }): [number, string] => [id, text]), ...weights];
    return (
      services.every(({ key }) => this.#keys.has(key)) &&
      all.every(([id, text]) => {
        const decoded = decodeWeights(text, this.#sizes.get(id) ?? 0);
        return decoded !== undefined && decoded.some((weight) => weight > 0);
      })
    );
  }

  #openReports(): ClientRequest {
    const { seen, protocol, signal } = this.#wire;
    const reports = this.#request('POST', `/agent/${protocol}/reports/stream`, 'application/x-ndjson');
    let isAnswered = false;
    const begin = (): void => {
      this.#isFull = true;
      if (this.#reports !== reports) return;
      this.#reports = undefined;
      reports.destroy();
    };
    reports.once('response', (response) => {
      isAnswered = true;
      response.resume();
      if (response.statusCode === 204) return;
      seen.refused++;
      begin();
    });
    reports.once('close', () => {
      if (isAnswered || signal.aborted) return;
      seen.broken++;
      begin();
    });
    return reports;
  }

  #request(method: string, path: string, contentType?: string): ClientRequest {
    const { origin, connections, localAddress, signal } = this.#wire;
    const asked = request(`${origin}${path}`, {
      method,
      agent: connections,
      localAddress,
      ...(contentType !== undefined && { headers: { 'content-type': contentType } }),
      signal,
    });
    // Told of by 'close'.
    asked.on('error', () => undefined);
    return asked;
  }
}
