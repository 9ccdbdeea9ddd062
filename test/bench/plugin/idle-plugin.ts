/** A plugin with the same callbacks that does nothing: the cost of any plugin. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const SOURCE = `
  export function proxy_abi_version_0_2_1(): void {}
  export function malloc(size: i32): usize { return heap.alloc(size); }
  export function proxy_on_vm_start(root: u32, size: u32): u32 { return 1; }
  export function proxy_on_configure(root: u32, size: u32): u32 { return 1; }
  export function proxy_on_request_headers(context: u32, headers: u32, endOfStream: u32): i32 { return 0; }
  export function proxy_on_response_headers(context: u32, headers: u32, endOfStream: u32): i32 { return 0; }
  export function proxy_on_delete(context: u32): void {}
`;

export interface IdlePlugin extends AsyncDisposable {
  readonly path: string;
}

/** Compiled as ours is, but without the compiler's `abort`, whose import Envoy does not have. */
export async function buildIdlePlugin(): Promise<IdlePlugin> {
  const { binary, error, stderr } = await asc.compileString(SOURCE, {
    optimizeLevel: 3,
    noAssert: true,
    runtime: 'stub',
    use: ['abort='],
  });
  if (!binary) throw new Error(`the idle plugin does not compile: ${stderr.toString() || error?.message}`);
  const folder = await mkdtemp(join(tmpdir(), 'ballast-idle-'));
  const path = join(folder, 'idle.wasm');
  await writeFile(path, binary);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
