/** A node agent for tests: answers its proxies' messages with the services that the test publishes. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServiceAssignment } from '../../../contract/assignment.ts';
import { decodeProxySync, type ProxySync } from '../../../contract/proxy-sync.ts';
import { encodeBlock, encodeSyncAnswer, wireUtilisation } from '../../../contract/sync-answer.ts';

interface Held {
  readonly sync: ProxySync;
  readonly response: ServerResponse;
  readonly timer: NodeJS.Timeout;
}

interface Block {
  readonly version: number;
  readonly bytes: Buffer;
}

export interface FakeAgentOptions {
  /**
   * What a proxy without any service gets: all services, as if it had called them before, or those that its pod wanted
   * before its proxy restarted.
   */
  readonly remembers?: 'all' | 'wanted';
}

export class FakeAgent implements AsyncDisposable {
  /** Newest statistics of each plugin VM, by its instance. */
  readonly statistics = new Map<string, ProxySync>();
  /** Messages that did not decode, and what was wrong in others. */
  readonly malformed: string[] = [];
  /** Services that each proxy wants, by its pod. */
  readonly interest = new Map<string, readonly string[]>();
  /** Bytes of each answer with blocks, by the pod of the proxy. */
  readonly answers = new Map<string, number[]>();
  /** CPU utilisation by pod. */
  readonly utilisation = new Map<string, number>();
  readonly #remembers: 'all' | 'wanted';
  #server: Server = createServer();
  #port = 0;
  #version = 0;
  #epoch = 1;
  #validUntil = -Infinity;
  #blocks = new Map<string, Block>();
  #held: Held[] = [];

  private constructor({ remembers = 'all' }: FakeAgentOptions) {
    this.#remembers = remembers;
  }

  static async start(options: FakeAgentOptions = {}): Promise<FakeAgent> {
    const agent = new FakeAgent(options);
    await agent.resume();
    return agent;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Messages that are held. */
  get held(): number {
    return this.#held.length;
  }

  /** Publishes new versions of these services; others are not balanced any more. */
  publish(services: readonly ServiceAssignment[], validForMs = 60_000): void {
    const version = ++this.#version;
    for (const key of this.#blocks.keys()) {
      this.#blocks.set(key, { version, bytes: encodeBlock(key, version, undefined) });
    }
    for (const service of services) {
      this.#blocks.set(service.key, { version, bytes: encodeBlock(service.key, version, service) });
    }
    this.#validUntil = performance.now() + validForMs;
    for (const held of this.#held) if (this.#blocksFor(held.sync).length > 0) this.#answer(held);
  }

  /** Stops answering, as an agent that was killed; `resume` brings it back on the same port. */
  async pause(): Promise<void> {
    for (const { timer } of this.#held.splice(0)) clearTimeout(timer);
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Begins a new epoch, as an agent that was restarted. */
  async resume(): Promise<void> {
    this.#epoch++;
    this.#server = createServer((request, response) => void this.#receive(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.pause();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    await once(request, 'end');
    const decoded = decodeProxySync(Buffer.concat(parts));
    if (!decoded.ok) {
      this.malformed.push(decoded.failure.message);
      response.writeHead(400).end();
      return;
    }
    const sync = decoded.value;
    this.malformed.push(...sync.faults);
    if (sync.complete) this.statistics.set(sync.instance, sync);
    if (sync.holdMs === 0) response.writeHead(204).end();
    else this.#hold(sync, response);
  }

  #hold(sync: ProxySync, response: ServerResponse): void {
    if (sync.services.length > 0) this.interest.set(sync.pod, wantedBy(sync));
    for (const held of this.#held) if (held.sync.instance === sync.instance) this.#answer(held);
    const held: Held = { sync, response, timer: setTimeout(() => this.#answer(held), sync.holdMs) };
    this.#held.push(held);
    response.on('close', () => this.#drop(held));
    const isNews = this.#validUntil > 0 && sync.epoch !== this.#epoch && sync.services.length > 0;
    if (isNews || this.#blocksFor(sync).length > 0) this.#answer(held);
  }

  #drop(held: Held): void {
    clearTimeout(held.timer);
    this.#held = this.#held.filter((other) => other !== held);
  }

  /** Keys whose newest block the proxy does not have. */
  #blocksFor({ pod, epoch, services }: ProxySync): string[] {
    if (performance.now() >= this.#validUntil) return [];
    if (services.length === 0) return this.#rememberedBy(pod);
    return services
      .filter(({ key, version, wanted }) => wanted && (epoch !== this.#epoch || version !== this.#blockOf(key).version))
      .map(({ key }) => key);
  }

  #rememberedBy(pod: string): string[] {
    return this.#remembers === 'all' ? [...this.#blocks.keys()] : [...(this.interest.get(pod) ?? [])];
  }

  #blockOf(key: string): Block {
    const known = this.#blocks.get(key);
    if (known) return known;
    const block = { version: this.#version + 1, bytes: encodeBlock(key, this.#version + 1, undefined) };
    this.#version++;
    this.#blocks.set(key, block);
    return block;
  }

  #answer(held: Held): void {
    const { sync, response } = held;
    this.#drop(held);
    const blocks = this.#blocksFor(sync).map((key) => this.#blockOf(key).bytes);
    const header = {
      epoch: this.#epoch,
      validForMs: Math.max(0, this.#validUntil - performance.now()),
      complete: sync.epoch !== this.#epoch,
      unknown: this.#validUntil === -Infinity,
      cpuUtilisation: wireUtilisation(this.utilisation.get(sync.pod)),
    };
    const answer = encodeSyncAnswer(header, blocks, new Set(sync.services.length === 0 ? blocks : []));
    if (blocks.length > 0) this.answers.set(sync.pod, [...(this.answers.get(sync.pod) ?? []), answer.length]);
    response.end(answer);
  }
}

function wantedBy({ services }: ProxySync): string[] {
  return services.filter(({ wanted }) => wanted).map(({ key }) => key);
}
