/** What the plugin's module exports, and what passes between it and its host. */
import type { SharedData } from './shared-data.ts';
import type { WasmMemory } from './web-assembly.ts';

export type Headers = Map<string, string>;
export type Properties = Record<string, string | number>;

export interface Stream {
  readonly id: number;
  readonly request: Headers;
  properties: Properties;
  response: Headers;
}

export interface HttpCall {
  readonly token: number;
  readonly cluster: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
}

export interface VmOptions {
  readonly shared: SharedData;
  /** Monotonic clock, ms. */
  readonly now: () => number;
  /** Random word for seeds; the same words make the same picks. */
  readonly random?: () => bigint;
  readonly configuration?: string;
  readonly nodeId?: string;
  /** Clusters that do not exist: calls to them are refused. */
  readonly missingClusters?: ReadonlySet<string>;
  /** Called for each call from the module to the host, which costs time. */
  readonly onHostCall?: (name: string) => void;
}

export interface Exports {
  memory: WasmMemory;
  malloc(size: number): number;
  proxy_on_vm_start(root: number, size: number): number;
  proxy_on_configure(root: number, size: number): number;
  proxy_on_tick(root: number): void;
  proxy_on_http_call_response(root: number, token: number, headers: number, body: number, trailers: number): void;
  proxy_on_request_headers(context: number, headers: number, endOfStream: number): number;
  proxy_on_response_headers(context: number, headers: number, endOfStream: number): number;
  proxy_on_response_trailers(context: number, trailers: number): number;
  proxy_on_delete(context: number): void;
}

export type Import = (...args: number[]) => number;
