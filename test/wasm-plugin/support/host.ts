/**
 * A proxy-wasm host for Node: runs the shipped module as Envoy runs it, in milliseconds and with a clock and
 * randomness that the test sets. It has what the plugin imports and refuses any module that imports more.
 */
import { readFile } from 'node:fs/promises';
import { encodePairs, GuestMemory } from './guest-memory.ts';
import type { Exports, Headers, HttpCall, Import, Properties, Stream, VmOptions } from './module-interface.ts';
import { webAssembly, type WasmModule } from './web-assembly.ts';

const OK = 0;
const NOT_FOUND = 1;
const BAD_ARGUMENT = 2;
const INVALID_MEMORY = 6;
const CAS_MISMATCH = 8;

const DEFAULT_NODE_ID = 'sidecar~10.0.0.1~caller-0.shop~shop.svc.cluster.local';
/** Paths of properties as tests write them, by the module's own. */
const DOTTED = new Map<string, string>();

/** Compiled once per test file; a VM each is made from it. */
export async function compilePlugin(path: string): Promise<WasmModule> {
  return webAssembly.compile(await readFile(path));
}

/** One VM, as each of Envoy's workers has one, with its root contexts and streams. */
export class PluginVm {
  /** Calls under way, the oldest first. */
  readonly calls: HttpCall[] = [];
  readonly logs: string[] = [];
  /** Envoy's metrics by name, as this VM set them. */
  readonly metrics = new Map<string, number>();
  tickMs = 0;
  readonly #options: VmOptions;
  readonly #exports: Exports;
  readonly #memory: GuestMemory;
  #configuration: Uint8Array = new Uint8Array();
  #current: Stream | undefined;
  #trailers: Headers | undefined;
  #answer: { headers: Headers; body: Uint8Array } | undefined;
  #nextContext = 1;
  #nextToken = 1;
  readonly #metricNames: string[] = [];

  constructor(module: WasmModule, options: VmOptions) {
    this.#options = options;
    const host = this.#imports();
    const imports: Record<string, Record<string, Import>> = {};
    for (const { module: from, name, kind } of webAssembly.Module.imports(module)) {
      const implementation = kind === 'function' ? host[name] : undefined;
      if (!implementation) throw new Error(`the plugin imports ${from}.${name}, which Envoy is not known to have`);
      const { onHostCall } = options;
      (imports[from] ??= {})[name] = onHostCall
        ? (...args) => {
            onHostCall(name);
            return implementation(...args);
          }
        : implementation;
    }
    const instance = new webAssembly.Instance(module, imports);
    this.#exports = instance.exports as Exports;
    this.#memory = new GuestMemory(this.#exports);
    this.addRoot(options.configuration ?? '{}');
  }

  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Adds a root context, as a second listener or a changed configuration does; its number. */
  addRoot(configuration: string): number {
    const root = this.#nextContext++;
    this.#exports.proxy_on_vm_start(root, 0);
    this.#configuration = new TextEncoder().encode(configuration);
    if (this.#exports.proxy_on_configure(root, this.#configuration.length) !== 1) throw new Error('refused to start');
    return root;
  }

  deleteContext(context: number): void {
    this.#exports.proxy_on_delete(context);
  }

  tick(root = 1): void {
    this.#exports.proxy_on_tick(root);
  }

  /** Answers a call; without a status it fails (connection refused, timeout). */
  answer(call: HttpCall, status?: number, body: Uint8Array = new Uint8Array(), root = 1): void {
    const index = this.calls.indexOf(call);
    if (index < 0) throw new Error('the call was answered already');
    this.calls.splice(index, 1);
    this.#answer = status === undefined ? undefined : { headers: new Map([[':status', String(status)]]), body };
    const headers = this.#answer?.headers.size ?? 0;
    this.#exports.proxy_on_http_call_response(root, call.token, headers, this.#answer?.body.length ?? 0, 0);
    this.#answer = undefined;
  }

  /** A request comes in; its route has already been chosen (`xds.cluster_name` among the properties). */
  request(headers: Record<string, string>, properties: Properties): Stream {
    const stream: Stream = {
      id: this.#nextContext++,
      request: new Map(Object.entries(headers)),
      response: new Map(),
      properties,
    };
    this.#current = stream;
    this.#exports.proxy_on_request_headers(stream.id, stream.request.size, 1);
    this.#current = undefined;
    return stream;
  }

  respond(stream: Stream, headers: Record<string, string>, properties?: Properties, endOfStream = false): void {
    stream.response = new Map(Object.entries(headers));
    stream.properties = properties ? { ...stream.properties, ...properties } : stream.properties;
    this.#current = stream;
    this.#exports.proxy_on_response_headers(stream.id, stream.response.size, endOfStream ? 1 : 0);
    this.#current = undefined;
  }

  /** Trailers come after the response's body, as gRPC has them. */
  trail(stream: Stream, trailers: Record<string, string>): void {
    this.#trailers = new Map(Object.entries(trailers));
    this.#exports.proxy_on_response_trailers(stream.id, this.#trailers.size);
    this.#trailers = undefined;
  }

  end(stream: Stream): void {
    this.#current = stream;
    this.#exports.proxy_on_delete(stream.id);
    this.#current = undefined;
  }

  #map(kind: number): Headers | undefined {
    if (kind === 0) return this.#current?.request;
    if (kind === 2) return this.#current?.response;
    if (kind === 3) return this.#trailers;
    return kind === 6 ? this.#answer?.headers : undefined;
  }

  /** `path` has zero bytes between its parts, as the module names it. */
  #property(path: string): string | number | undefined {
    if (path === 'xds\0node\0id') return this.#options.nodeId ?? DEFAULT_NODE_ID;
    let dotted = DOTTED.get(path);
    if (dotted === undefined) DOTTED.set(path, (dotted = path.replaceAll('\0', '.')));
    return this.#current?.properties[dotted];
  }

  #imports(): Record<string, Import> {
    const text = (at = 0, length = 0): string => this.#memory.text(at, length);
    const give = (value: string | Uint8Array, at = 0, length = 0): number =>
      this.#memory.give(value, at, length) ? OK : INVALID_MEMORY;
    const write: Import = (map = 0, name, nameLength, value, valueLength) => {
      this.#map(map)?.set(text(name, nameLength), text(value, valueLength));
      return OK;
    };
    return {
      proxy_log: (_level, at, length) => {
        this.logs.push(text(at, length));
        return OK;
      },
      proxy_set_tick_period_milliseconds: (ms = 0) => {
        this.tickMs = ms;
        return OK;
      },
      proxy_get_property: (at, length, valueAt, lengthAt) => {
        const value = this.#property(text(at, length));
        if (value === undefined) return NOT_FOUND;
        if (typeof value === 'string') return give(value, valueAt, lengthAt);
        return give(new Uint8Array(BigInt64Array.of(BigInt(value)).buffer), valueAt, lengthAt);
      },
      proxy_get_header_map_value: (map = 0, name, nameLength, valueAt, lengthAt) => {
        const value = this.#map(map)?.get(text(name, nameLength));
        return value === undefined ? NOT_FOUND : give(value, valueAt, lengthAt);
      },
      proxy_get_header_map_pairs: (map = 0, valueAt, lengthAt) => {
        const headers = this.#map(map);
        return headers ? give(encodePairs(headers), valueAt, lengthAt) : NOT_FOUND;
      },
      proxy_replace_header_map_value: write,
      proxy_remove_header_map_value: (map = 0, name, nameLength) => {
        this.#map(map)?.delete(text(name, nameLength));
        return OK;
      },
      proxy_get_buffer_bytes: (buffer = 0, start = 0, length = 0, valueAt, lengthAt) => {
        const bytes = buffer === 7 ? this.#configuration : buffer === 4 ? this.#answer?.body : undefined;
        return bytes ? give(bytes.subarray(start, start + length), valueAt, lengthAt) : NOT_FOUND;
      },
      proxy_get_shared_data: (key, keyLength, valueAt, lengthAt, casAt = 0) => {
        const held = this.#options.shared.get(text(key, keyLength));
        if (!held) return NOT_FOUND;
        this.#memory.setU32(casAt, held.cas);
        return give(held.value, valueAt, lengthAt);
      },
      proxy_set_shared_data: (key, keyLength, value = 0, valueLength = 0, cas = 0) => {
        const bytes = this.#memory.bytes(value, valueLength);
        return this.#options.shared.set(text(key, keyLength), bytes, cas) ? OK : CAS_MISMATCH;
      },
      proxy_http_call: (
        cluster,
        clusterLength,
        headers = 0,
        _size,
        body = 0,
        bodyLength = 0,
        _t,
        _tn,
        ms = 0,
        at = 0,
      ) => {
        const name = text(cluster, clusterLength);
        if (this.#options.missingClusters?.has(name)) return BAD_ARGUMENT;
        const token = this.#nextToken++;
        this.#memory.setU32(at, token);
        this.calls.push({
          token,
          cluster: name,
          headers: this.#memory.pairs(headers),
          body: this.#memory.bytes(body, bodyLength).slice(),
          timeoutMs: ms,
        });
        return OK;
      },
      proxy_define_metric: (_kind, name, nameLength, idAt = 0) => {
        this.#memory.setU32(idAt, this.#metricNames.push(text(name, nameLength)) - 1);
        return OK;
      },
      // 64-bit numbers come as BigInt.
      proxy_increment_metric: (id = 0, by) => {
        const name = this.#metricNames[id];
        if (name === undefined) return BAD_ARGUMENT;
        this.metrics.set(name, (this.metrics.get(name) ?? 0) + Number(by));
        return OK;
      },
      proxy_record_metric: (id = 0, value) => {
        const name = this.#metricNames[id];
        if (name === undefined) return BAD_ARGUMENT;
        this.metrics.set(name, Number(value));
        return OK;
      },
      clock_time_get: (_clock, _precision, at = 0) => {
        this.#memory.setU64(at, Math.round(this.#options.now() * 1e6));
        return OK;
      },
      random_get: (at = 0, length = 0) => {
        const word = new Uint8Array(BigUint64Array.of(this.#options.random?.() ?? 0x123456789abcdefn).buffer);
        this.#memory.bytes(at, length).set(word.subarray(0, length));
        return OK;
      },
    };
  }
}
