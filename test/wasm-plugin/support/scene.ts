/** A small world around the shipped plugin: one Envoy process with a clock, an agent and one service of replicas. */
import type { ReplicaAssignment, ServiceAssignment } from '../../../contract/assignment.ts';
import { decodeProxyStatistics } from '../../../contract/proxy-statistics.ts';
import { encodeProxyTable } from '../../../contract/proxy-table.ts';
import type { ProxyCounters } from '../../../contract/report.ts';
import { buildPlugin } from '../../../wasm-plugin/build.ts';
import { compilePlugin, PluginVm } from './host.ts';
import type { HttpCall, Stream, VmOptions } from './module-interface.ts';
import { SharedData } from './shared-data.ts';

export const HOST = 'echo.shop.svc.cluster.local';
export const KEY = `80|${HOST}`;
export const CLUSTER = `outbound|80||${HOST}`;
/** Each VM posts its statistics so often, ms. */
export const POST_MS = 2000;

const module = await compilePlugin(await buildPlugin());

export function replica(name: string, weight: number, more: Partial<ReplicaAssignment> = {}): ReplicaAssignment {
  const address = `10.0.0.${Number(name.split('-').at(-1)) + 1}:80`;
  return { name, address, weight, ...more };
}

export function service(replicas: ReplicaAssignment[], more: Partial<ServiceAssignment> = {}): ServiceAssignment {
  return { key: KEY, routing: 'Subset', pinning: false, replicas, ...more };
}

/** `count` replicas `echo-0` … of equal weight. */
export function equalReplicas(count: number): ReplicaAssignment[] {
  return Array.from({ length: count }, (_, i) => replica(`echo-${i}`, 1 / count));
}

export function session(address: string): string {
  return Buffer.from(address).toString('base64');
}

export class Scene {
  /** Monotonic clock, ms. */
  now = 10_000;
  readonly shared = new SharedData();
  version = 0;
  #seed = 1n;

  /** A VM more in the same process. */
  vm(options: Partial<VmOptions> = {}): PluginVm {
    return new PluginVm(module, {
      shared: this.shared,
      now: () => this.now,
      // Any odd constant will do: seeds only have to differ.
      random: () => (this.#seed = BigInt.asUintN(64, this.#seed * 6364136223846793005n + 1442695040888963407n)),
      ...options,
    });
  }

  /** A VM that holds a table of these services. */
  holding(services: ServiceAssignment[], validForMs = 60_000): PluginVm {
    const vm = this.vm();
    vm.tick();
    this.publish(vm, services, validForMs);
    return vm;
  }

  /** Answers the VM's poll with a new version of the table. */
  publish(vm: PluginVm, services: ServiceAssignment[], validForMs = 60_000): void {
    vm.answer(poll(vm), 200, encodeProxyTable(++this.version, validForMs, services));
  }

  /** Lets time pass in the plugin's own ticks. */
  pass(ms: number, ...vms: PluginVm[]): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now += Math.min(100, end - this.now);
      for (const vm of vms) vm.tick();
    }
  }
}

/** The newest call that fetches the table: one that Envoy would have timed out is none. */
export function poll(vm: PluginVm): HttpCall {
  const found = vm.calls.findLast(({ headers }) => headers.get(':path')?.startsWith('/v1/table'));
  if (!found) throw new Error('no poll is under way');
  return found;
}

/** A request of an application to the service. */
export function send(vm: PluginVm, headers: Record<string, string> = {}, cluster = CLUSTER): Stream {
  return vm.request({ ':authority': HOST, ...headers }, { 'xds.cluster_name': cluster });
}

/** Where the plugin sent it: the replica's name, or undefined where it left the choice to Istio. */
export function chosen(stream: Stream): string | undefined {
  return stream.request.get('x-lb-endpt');
}

export function finish(vm: PluginVm, stream: Stream, headers: Record<string, string> = {}, flags = 0): void {
  vm.respond(stream, { ':status': '200', ...headers }, { 'response.flags': flags });
  vm.end(stream);
}

/** Sends requests one after the other, each answered well, and counts where they went. */
export function spread(vm: PluginVm, requests: number): Map<string | undefined, number> {
  const counts = new Map<string | undefined, number>();
  for (let i = 0; i < requests; i++) {
    const stream = send(vm);
    counts.set(chosen(stream), (counts.get(chosen(stream)) ?? 0) + 1);
    finish(vm, stream);
  }
  return counts;
}

/** The newest statistics that the VM posted; throws where they do not decode. */
export function statistics(vm: PluginVm): ProxyCounters | undefined {
  const post = vm.calls.findLast(({ headers }) => headers.get(':path') === '/v1/statistics');
  if (!post) return undefined;
  const decoded = decodeProxyStatistics(post.body);
  if (!decoded.ok) throw new Error(decoded.failure.message);
  return decoded.value;
}
