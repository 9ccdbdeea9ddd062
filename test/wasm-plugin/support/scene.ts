/** A small world around the shipped plugin: one Envoy process with a clock, an agent and one service of replicas. */
import type { ReplicaAssignment, ServiceAssignment } from '../../../contract/assignment.ts';
import { decodeProxySync, type ProxySync } from '../../../contract/proxy-sync.ts';
import { type AnswerHeader, encodeBlock, encodeSyncAnswer } from '../../../contract/sync-answer.ts';
import { buildPlugin } from '../../../wasm-plugin/build.ts';
import { compilePlugin, PluginVm } from './host.ts';
import type { HttpCall, Stream, VmOptions } from './module-interface.ts';
import { SharedData } from './shared-data.ts';

export const HOST = 'echo.shop.svc.cluster.local';
export const KEY = `80|${HOST}`;
export const CLUSTER = `outbound|80||${HOST}`;
/** Within this time each VM sends the statistics of what it has counted, ms. */
export const POST_MS = 2300;
/** Epoch of the scene's agent. */
export const EPOCH = 1_795_000_000_000_000;

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
  /** Version of the newest blocks that the agent sent. */
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

  /** A VM that holds these services, as one that called them before its proxy restarted. */
  holding(services: ServiceAssignment[], validForMs = 60_000): PluginVm {
    const vm = this.vm();
    vm.tick();
    this.publish(vm, services, { validForMs });
    return vm;
  }

  /** Answers the held message with new versions of these services, wanted or not. Others are not balanced any more. */
  publish(vm: PluginVm, services: ServiceAssignment[], header: Partial<AnswerHeader> = {}): void {
    const call = poll(vm);
    const { epoch, services: named } = messageOf(call);
    const version = ++this.version;
    const blocks = services.map((each) => encodeBlock(each.key, version, each));
    const remembered = new Set(
      blocks.filter((_, i) => !named.some(({ key, wanted }) => wanted && key === services[i]?.key)),
    );
    const unbalanced = named.filter(({ key, wanted }) => wanted && !services.some((each) => each.key === key));
    blocks.push(...unbalanced.map(({ key }) => encodeBlock(key, version, undefined)));
    vm.answer(call, 200, answerOf(blocks, { complete: epoch !== EPOCH, ...header }, remembered));
  }

  /** Lets time pass in the plugin's own ticks. */
  pass(ms: number, ...vms: PluginVm[]): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now += Math.min(100, end - this.now);
      for (const vm of vms) vm.tick();
    }
  }
}

export function messageOf(call: HttpCall): ProxySync {
  const decoded = decodeProxySync(call.body);
  if (!decoded.ok) throw new Error(decoded.failure.message);
  if (decoded.value.faults.length > 0) throw new Error(decoded.value.faults.join('; '));
  return decoded.value;
}

/** The VM's messages to its agent that are not answered yet. */
export function messages(vm: PluginVm): ProxySync[] {
  return vm.calls.filter(({ headers }) => headers.get(':path') === '/v1/sync').map(messageOf);
}

/** A record that is wrong costs that record, not the message: the agent holds the message all the same. */
function isHeld({ headers, body }: HttpCall): boolean {
  if (headers.get(':path') !== '/v1/sync') return false;
  const decoded = decodeProxySync(body);
  return decoded.ok && decoded.value.holdMs > 0;
}

/** The newest message that the agent holds. */
export function poll(vm: PluginVm): HttpCall {
  const found = vm.calls.findLast(isHeld);
  if (!found) throw new Error('no message is held');
  return found;
}

/** An answer of the agent. */
export function answerOf(
  blocks: readonly Buffer[],
  header: Partial<AnswerHeader> = {},
  remembered?: ReadonlySet<Buffer>,
): Buffer {
  const usual = { epoch: EPOCH, validForMs: 60_000, complete: false, unknown: false, cpuUtilisation: 0 };
  return encodeSyncAnswer({ ...usual, ...header }, blocks, remembered);
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

/** The newest message of the VM that has statistics. */
export function statistics(vm: PluginVm): ProxySync | undefined {
  return messages(vm).findLast(({ complete }) => complete);
}
