/** What proxies are answered, on a clock that the test sets and without sockets. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';
import { decodeProxySync } from '../../../contract/proxy-sync.ts';
import { ProxyTables } from '../../../host-agent/serve/proxy-tables.ts';
import { HeldAssignments } from '../../../host-agent/uplink/held-assignments.ts';
import { encodeSync, type ReadAnswer, readSyncAnswer, type SyncMessage } from '../../support/proxy-sync.ts';
import { replica, service, update } from '../support/updates.ts';

const STARTED = 1_763_600_000_000;
const EPOCH = STARTED * 1000;
const CART = '80|cart.shop.svc';
const GEO = '80|geo.shop.svc';
const NOBODY = '80|nobody.shop.svc';

/** What became of a request: its answer, if there was one yet. */
interface Sent {
  answer: ReadAnswer | undefined;
  cancel: () => void;
}

class Node {
  now = 0;
  wantedMore = 0;
  held = new HeldAssignments();
  tables = this.#start(STARTED);

  #start(wallClockMs: number): ProxyTables {
    this.held = new HeldAssignments();
    return new ProxyTables(
      this.held,
      () => this.now,
      wallClockMs,
      () => this.wantedMore++,
    );
  }

  /** Another agent takes the place of this one. */
  restart(): void {
    this.tables.close();
    this.tables = this.#start(STARTED + ++this.#starts);
  }

  #starts = 0;

  line(overrides: Partial<AssignmentUpdate> = {}): void {
    const versionBefore = this.held.version;
    this.tables.changed(this.held.apply(update({ services: [], ...overrides }), this.now), versionBefore);
  }

  /** A line with weights of some services and nothing else. */
  weights(weights: Readonly<Record<string, number>>, overrides: Partial<AssignmentUpdate> = {}): void {
    const services = Object.entries(weights).map(([key, weight]) => service({ key, replicas: [replica({ weight })] }));
    this.line({ full: false, services, ...overrides });
  }

  send(message: SyncMessage): Sent {
    const decoded = decodeProxySync(encodeSync({ holdMs: 5000, ...message }));
    if (!decoded.ok) throw new Error(decoded.failure.message);
    const sent: Sent = { answer: undefined, cancel: () => undefined };
    const taken = this.tables.answers.take(decoded.value, (bytes) => (sent.answer = readSyncAnswer(bytes)));
    if (typeof taken === 'object') sent.cancel = taken.cancel;
    return sent;
  }

  tick(now: number): void {
    this.now = now;
    this.tables.tick();
  }
}

/** A proxy that keeps what it is answered, as the plugin does. */
class Proxy {
  readonly #node: Node;
  readonly #message: SyncMessage;
  wants: readonly string[];
  epoch = 0;
  hasTable = false;
  readonly held = new Map<string, { version: number; weights: number[] }>();

  constructor(node: Node, wants: readonly string[], message: SyncMessage = {}) {
    this.#node = node;
    this.wants = wants;
    this.#message = message;
  }

  /** Sends one request; what comes of it is taken over by `take`. */
  ask(): Sent {
    const services = this.wants.map((key) => ({ key, version: this.held.get(key)?.version ?? 0 }));
    return this.#node.send({ ...this.#message, epoch: this.epoch, hasTable: this.hasTable, services });
  }

  take({ answer }: Sent): this {
    if (answer === undefined || answer.unknown) return this;
    if (answer.complete) this.held.clear();
    this.epoch = answer.epoch;
    this.hasTable = answer.validForMs > 0;
    for (const { key, version, replicas } of answer.blocks) {
      this.held.set(key, { version, weights: replicas.map(({ weight }) => weight) });
    }
    return this;
  }

  weight(key: string): number | undefined {
    return this.held.get(key)?.weights[0];
  }
}

const keysOf = (sent: Sent): string[] | undefined => sent.answer?.blocks.map(({ key }) => key).toSorted();

describe('a proxy gets what it wants', () => {
  test('at once when the agent holds its weights, and gets no other services', () => {
    const node = new Node();
    node.weights({ [CART]: 0.5, [GEO]: 0.25 }, { full: true });
    const sent = new Proxy(node, [CART]).ask();
    expect(sent.answer).toMatchObject({ epoch: EPOCH, complete: true, unknown: false });
    expect(keysOf(sent)).toEqual([CART]);
    expect(sent.answer?.blocks[0]).toMatchObject({
      routing: 'Endpoint',
      replicas: [{ name: 'search-0', weight: 0.5 }],
    });
  });

  test('as soon as a line changes it, and only the proxies that want it are answered', () => {
    const node = new Node();
    node.weights({ [CART]: 0.5, [GEO]: 0.5 }, { full: true });
    const cart = new Proxy(node, [CART], { pod: 'a' });
    const both = new Proxy(node, [CART, GEO], { pod: 'b' });
    for (const proxy of [cart, both]) proxy.take(proxy.ask());
    const [ofCart, ofBoth] = [cart.ask(), both.ask()];
    expect([ofCart.answer, ofBoth.answer]).toEqual([undefined, undefined]);
    node.weights({ [GEO]: 0.75 });
    expect(ofCart.answer).toBeUndefined();
    expect(ofBoth.answer).toMatchObject({ complete: false });
    expect(keysOf(ofBoth)).toEqual([GEO]);
    expect(both.take(ofBoth).weight(GEO)).toBe(0.75);
  });

  test('and is told when nobody balances it, or no longer', () => {
    const node = new Node();
    node.weights({ [CART]: 0.5 }, { full: true });
    const proxy = new Proxy(node, [CART, NOBODY]);
    const first = proxy.ask();
    expect(first.answer?.blocks.find(({ key }) => key === NOBODY)).toMatchObject({ routing: undefined, replicas: [] });
    proxy.take(first);
    const waiting = proxy.ask();
    node.line({ full: false, removed: [CART] });
    expect(waiting.answer?.blocks).toMatchObject([{ key: CART, routing: undefined }]);
    const again = proxy.take(waiting).ask();
    expect(again.answer).toBeUndefined();
    node.weights({ [NOBODY]: 1 });
    expect(again.answer?.blocks).toMatchObject([{ key: NOBODY, routing: 'Endpoint' }]);
  });

  test('together with the CPU utilisation of its own pod', () => {
    const node = new Node();
    const replicas = [replica({ name: 'cart-0', cpuUtilisation: 0.5 })];
    node.line({ services: [service({ key: CART, replicas })] });
    expect(new Proxy(node, [CART], { namespace: 'shop', pod: 'cart-0' }).ask().answer?.cpuUtilisation).toBe(0.5);
    expect(new Proxy(node, [CART], { namespace: 'shop', pod: 'geo-0' }).ask().answer?.cpuUtilisation).toBe(0);
  });
});

describe('without news', () => {
  test('a request ends after the time that it asks for, and renews the validity', () => {
    const node = new Node();
    node.weights({ [CART]: 0.5 }, { full: true, validForMs: 10_000 });
    const proxy = new Proxy(node, [CART]);
    const first = proxy.ask();
    expect(first.answer?.validForMs).toBeGreaterThan(9000);
    const waiting = proxy.take(first).ask();
    node.now = 4000;
    node.line({ full: false, validForMs: 10_000 });
    node.tick(4999);
    expect(waiting.answer).toBeUndefined();
    node.tick(5000);
    expect(waiting.answer).toMatchObject({ epoch: EPOCH, complete: false, unknown: false, blocks: [] });
    expect(waiting.answer?.validForMs).toBeGreaterThan(8500);
  });

  test('no request waits for longer than 20 s', () => {
    const node = new Node();
    const waiting = node.send({ holdMs: 4_000_000_000 });
    node.tick(20_000);
    expect(waiting.answer).toBeDefined();
  });

  test('another request of the same VM takes the place of the one that waits', () => {
    const node = new Node();
    node.weights({ [CART]: 0.5 }, { full: true });
    const proxy = new Proxy(node, [CART]);
    const first = proxy.take(proxy.ask()).ask();
    expect(node.tables.waiting).toBe(1);
    proxy.ask();
    expect(first.answer).toMatchObject({ complete: false, unknown: false, blocks: [] });
    expect(node.tables.waiting).toBe(1);
  });

  test('a request that is cancelled is not answered', () => {
    const node = new Node();
    const waiting = node.send({ services: [{ key: CART }] });
    waiting.cancel();
    expect(node.tables.waiting).toBe(0);
    node.weights({ [CART]: 0.5 }, { full: true });
    expect(waiting.answer).toBeUndefined();
  });
});

describe('while the controller is away', () => {
  test('a proxy of an agent that has just started keeps what it has', () => {
    const node = new Node();
    const proxy = new Proxy(node, [CART]);
    Object.assign(proxy, { epoch: 7, hasTable: true });
    proxy.held.set(CART, { version: 3, weights: [0.5] });
    const waiting = proxy.ask();
    node.tick(5000);
    expect(waiting.answer).toMatchObject({ unknown: true, complete: false, blocks: [] });
    const again = proxy.take(waiting).ask();
    node.weights({ [CART]: 0.75 }, { full: true });
    expect(again.answer).toMatchObject({ complete: true, unknown: false });
    expect(proxy.take(again).weight(CART)).toBe(0.75);
  });

  test('a table of the agent before is replaced only when all of its services are known', () => {
    const node = new Node();
    const proxy = new Proxy(node, [CART, GEO]);
    Object.assign(proxy, { epoch: 7, hasTable: true });
    const waiting = proxy.ask();
    node.weights({ [CART]: 0.5 }, { full: false, partial: true });
    expect(waiting.answer).toBeUndefined();
    node.weights({ [GEO]: 0.5 }, { full: false, partial: true });
    expect(keysOf(waiting)).toEqual([CART, GEO]);
    expect(waiting.answer?.complete).toBe(true);
  });

  test('a proxy that has no table gets what is known', () => {
    const node = new Node();
    node.weights({ [CART]: 0.5 }, { full: false, partial: true });
    const proxy = new Proxy(node, [CART, GEO]);
    const sent = proxy.ask();
    expect(keysOf(sent)).toEqual([CART]);
    const waiting = proxy.take(sent).ask();
    node.weights({ [GEO]: 0.5 }, { full: false, partial: true });
    expect(keysOf(waiting)).toEqual([GEO]);
  });

  test('what expires is taken from proxies, once, and comes back with the controller', () => {
    const node = new Node();
    node.weights({ [CART]: 0.5 }, { full: true, validForMs: 3000 });
    const proxy = new Proxy(node, [CART]);
    const waiting = proxy.take(proxy.ask()).ask();
    node.tick(3000);
    expect(waiting.answer).toMatchObject({ complete: true, validForMs: 0, blocks: [], unknown: false });
    const next = proxy.take(waiting).ask();
    expect(proxy.held.size).toBe(0);
    node.tick(3500);
    expect(next.answer).toBeUndefined();
    node.weights({ [CART]: 0.5 }, { full: true });
    expect(proxy.take(next).weight(CART)).toBe(0.5);
  });
});

describe('a proxy that restarts', () => {
  const pod = 'cart-0';

  test('gets what its pod wanted before, marked as such', () => {
    const node = new Node();
    node.weights({ [CART]: 0.5, [GEO]: 0.5 }, { full: true });
    const before = new Proxy(node, [CART, GEO], { pod, instance: 'a' });
    before.take(before.ask());
    const after = new Proxy(node, [GEO], { pod, instance: 'b' }).ask();
    expect(after.answer?.blocks.map(({ key, remembered }) => [key, remembered]).toSorted()).toEqual([
      [CART, true],
      [GEO, false],
    ]);
    expect([...node.tables.wanted].toSorted()).toEqual([CART, GEO]);
  });

  test('waits until the agent knows the services that its pod wanted before', () => {
    const node = new Node();
    new Proxy(node, [CART], { pod, instance: 'a' }).ask();
    const after = new Proxy(node, [], { pod, instance: 'b' }).ask();
    expect(after.answer).toBeUndefined();
    node.weights({ [CART]: 0.5 }, { full: true });
    expect(after.answer?.blocks).toMatchObject([{ key: CART, remembered: true }]);
  });

  test('differs from a new VM of the same proxy, which has no table', () => {
    const node = new Node();
    node.weights({ [CART]: 0.5, [GEO]: 0.5 }, { full: true });
    const before = new Proxy(node, [CART, GEO], { pod, instance: 'a' });
    before.take(before.ask());
    const after = new Proxy(node, [GEO], { pod, instance: 'b' });
    Object.assign(after, { epoch: before.epoch, hasTable: true, held: before.held });
    expect(after.ask().answer).toBeUndefined();
    expect([...node.tables.wanted]).toEqual([GEO]);
  });
});

describe('what the node wants', () => {
  test('is the union of what its proxies want, and the agent is told when a service is added', () => {
    const node = new Node();
    const proxy = new Proxy(node, [CART], { pod: 'a' });
    proxy.ask();
    new Proxy(node, [CART], { pod: 'b' }).ask();
    expect(node.wantedMore).toBe(1);
    proxy.wants = [CART, GEO];
    proxy.ask();
    expect(node.wantedMore).toBe(2);
    proxy.wants = [GEO];
    proxy.ask();
    expect(node.wantedMore).toBe(2);
    expect([...node.tables.wanted].toSorted()).toEqual([CART, GEO]);
  });

  test('leaves out the services of a pod that has been silent for ten minutes', () => {
    const node = new Node();
    new Proxy(node, [CART], { pod: 'a' }).ask();
    node.tick(600_001);
    new Proxy(node, [GEO], { pod: 'b' }).ask();
    expect([...node.tables.wanted]).toEqual([GEO]);
  });
});

test("a node's used version is the oldest one in use by any of its proxies", () => {
  const node = new Node();
  node.weights({ [CART]: 0.5, [GEO]: 0.5 }, { full: true, version: 10 });
  expect(node.tables.usedVersion).toBe(10);
  const [cart, geo] = [new Proxy(node, [CART], { pod: 'a' }), new Proxy(node, [GEO], { pod: 'b' })];
  for (const proxy of [cart, geo]) proxy.take(proxy.ask());
  expect(node.tables.usedVersion).toBe(0);
  const [ofCart, ofGeo] = [cart.ask(), geo.ask()];
  expect(node.tables.usedVersion).toBe(10);
  node.weights({ [CART]: 0.6 }, { version: 11 });
  node.weights({ [CART]: 0.7 }, { version: 12 });
  expect([ofCart.answer !== undefined, ofGeo.answer !== undefined]).toEqual([true, false]);
  expect(node.tables.usedVersion).toBe(10);
  expect(node.tables.versionUsedBy('shop/b')).toBe(12);
  // It was answered with version 11, and does not know of 12.
  cart.take(cart.take(ofCart).ask());
  expect(node.tables.usedVersion).toBe(10);
  cart.ask();
  expect(node.tables.usedVersion).toBe(12);
  node.weights({ [CART]: 0.8 }, { version: 13 });
  node.tick(30_001);
  expect(node.tables.usedVersion).toBe(13);
});

test('whatever happens in whatever order, a proxy ends with the weights that the controller sent last', () => {
  const KEYS = [CART, GEO, NOBODY];
  const event = fc.oneof(
    fc.record({
      what: fc.constant('weights' as const),
      key: fc.constantFrom(...KEYS),
      weight: fc.constantFrom(0.25, 0.5, 1),
    }),
    fc.record({ what: fc.constant('remove' as const), key: fc.constantFrom(...KEYS) }),
    fc.record({ what: fc.constant('want' as const), wants: fc.subarray(KEYS) }),
    fc.record({ what: fc.constant('ask' as const) }),
    fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 6000 }) }),
    fc.record({ what: fc.constant('restart' as const) }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const node = new Node();
      const model = new Map<string, number>();
      const all = (): Partial<AssignmentUpdate> => ({
        full: true,
        services: [...model].map(([key, weight]) => service({ key, replicas: [replica({ weight })] })),
      });
      node.line(all());
      const proxy = new Proxy(node, []);
      let waiting: Sent | undefined;
      const ask = (): void => {
        if (waiting !== undefined) proxy.take(waiting);
        waiting = proxy.ask();
      };
      for (const each of events) {
        if (each.what === 'weights') {
          model.set(each.key, each.weight);
          node.weights({ [each.key]: each.weight });
        } else if (each.what === 'remove') {
          model.delete(each.key);
          node.line({ full: false, removed: [each.key] });
        } else if (each.what === 'want') {
          proxy.wants = each.wants;
          ask();
        } else if (each.what === 'ask') {
          ask();
        } else if (each.what === 'wait') {
          node.tick(node.now + each.ms);
          if (node.held.validUntil === undefined) node.line(all());
        } else {
          node.restart();
          if (waiting !== undefined) proxy.take(waiting);
          waiting = undefined;
          node.line(all());
        }
      }
      for (let round = 0; round < 3; round++) {
        ask();
        if (waiting?.answer === undefined) break;
      }
      for (const key of proxy.wants) expect(proxy.weight(key)).toBe(model.get(key));
    }),
  );
});
