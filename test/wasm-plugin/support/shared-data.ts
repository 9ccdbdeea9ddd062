/** Shared data of one plugin VM id: what the VMs of one Envoy process (one per worker) see of each other. */
export class SharedData {
  #values = new Map<string, { value: Uint8Array; cas: number }>();
  #cas = 0;

  get(key: string): { value: Uint8Array; cas: number } | undefined {
    return this.#values.get(key);
  }

  /** Writes unless `cas` is given and is no longer the value's number, as Envoy does. */
  set(key: string, value: Uint8Array, cas: number): boolean {
    const held = this.#values.get(key);
    if (cas !== 0 && held !== undefined && held.cas !== cas) return false;
    this.#values.set(key, { value: value.slice(), cas: ++this.#cas });
    return true;
  }
}
