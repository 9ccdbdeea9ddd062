/** A caller's proxy and a replica's, both with the plugin, in front of an application of the test's own. */
import { bucketBoundSeconds } from '../../../contract/latency-buckets.ts';
import type { ProxySync, SyncCalled, SyncServed } from '../../../contract/proxy-sync.ts';
import { buildPlugin } from '../../../wasm-plugin/build.ts';
import { inboundClusters, inboundListener, outboundClusters, outboundListener } from './envoy-config.ts';
import { EnvoyProcess, until } from './envoy-process.ts';
import { FakeAgent } from './fake-agent.ts';

export const HOST = 'echo.shop.svc.cluster.local';
const WORKERS = 2;

type Counted = Pick<SyncCalled & SyncServed, 'requests' | 'failures' | 'inFlight'>;

export class Chain implements AsyncDisposable {
  /** `ip:port` where the caller's application would connect. */
  readonly entry: string;
  readonly #agent: FakeAgent;
  readonly #proxies: readonly EnvoyProcess[];
  readonly #running: AsyncDisposableStack;

  private constructor(entry: string, agent: FakeAgent, proxies: EnvoyProcess[], running: AsyncDisposableStack) {
    this.entry = entry;
    this.#agent = agent;
    this.#proxies = proxies;
    this.#running = running;
  }

  /** `application` is where the replica's application listens, `ip:port`. */
  static async start(application: string): Promise<Chain> {
    await using running = new AsyncDisposableStack();
    const plugin = { wasm: await buildPlugin() };
    const agent = running.use(await FakeAgent.start());
    const replica = running.use(
      await EnvoyProcess.start({
        nodeId: 'sidecar~127.0.0.1~echo-0.shop~shop.svc.cluster.local',
        listeners: [inboundListener(plugin)],
        clusters: inboundClusters(application, agent.address),
        concurrency: WORKERS,
      }),
    );
    const address = await replica.address('inbound');
    const endpoints = [{ name: 'echo-0', address }];
    const service = { host: HOST, port: 8080, routing: 'Endpoint' as const, endpoints };
    const caller = running.use(
      await EnvoyProcess.start({
        nodeId: 'sidecar~127.0.0.1~caller-0.shop~shop.svc.cluster.local',
        listeners: [outboundListener([service], plugin)],
        clusters: outboundClusters([service], agent.address),
        concurrency: WORKERS,
      }),
    );
    const replicas = [{ name: 'echo-0', address, weight: 1 }];
    agent.publish([{ key: `8080|${HOST}`, routing: 'Endpoint', pinning: false, replicas }]);
    // Both proxies ask again once they have the service; each worker takes it over at its own tick, ten times a second.
    await until(() => agent.held === 2 && agent.answers.size === 2, 'both proxies to hold the service');
    await new Promise((done) => setTimeout(done, 1000));
    return new Chain(await caller.address('outbound'), agent, [caller, replica], running.move());
  }

  /** Waits until both sides have reported exactly these counts, summed over their workers. */
  async untilCounted(called: Counted, served: Counted = called): Promise<void> {
    const matches = (side: readonly (Counted | undefined)[], counts: Counted): boolean =>
      (['requests', 'failures', 'inFlight'] as const).every(
        (name) => side.reduce((sum, counters) => sum + (counters?.[name] ?? 0), 0) === counts[name],
      );
    const reports = (): string => JSON.stringify([...this.#agent.statistics.values()]);
    await until(
      () => {
        const all = [...this.#agent.statistics.values()];
        return (
          matches(
            all.flatMap((proxy) => proxy.called),
            called,
          ) &&
          matches(
            all.map((proxy) => proxy.served),
            served,
          )
        );
      },
      () => `${JSON.stringify({ called, served })} to be counted, not ${reports()}`,
    );
  }

  /** Sum of the latencies that the caller counted, s. */
  get latencySeconds(): number {
    return this.#sum(({ called }) => called.reduce((sum, { latencySeconds }) => sum + latencySeconds, 0));
  }

  /** Requests that took longer at the replica than `seconds`. */
  slowerThan(seconds: number): number {
    return this.#sum(({ served }) =>
      (served?.latencyBuckets ?? []).reduce(
        (sum, count, bucket) => sum + (bucketBoundSeconds(bucket) > seconds ? count : 0),
        0,
      ),
    );
  }

  #sum(amountOf: (vm: ProxySync) => number): number {
    return [...this.#agent.statistics.values()].reduce((sum, vm) => sum + amountOf(vm), 0);
  }

  /** Lines about the plugin in the proxies' logs; none when all is well. */
  get complaints(): string[] {
    return this.#proxies.flatMap(({ log }) => log.split('\n').filter((line) => /wasm|ballast/i.test(line)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.disposeAsync();
  }
}
