/**
 * Which proxies pick: those whose statistics name replicas that they called. A proxy is known by its address; those that
 * share one count as one.
 */

/** Addresses that are remembered; of the ones before, nothing is known again. */
const REMEMBERED = 4000;
/** VMs of one proxy, or proxies at one address, take turns: the calls of one of them count for this long, ms. */
const COUNTS_MS = 60_000;

export class Callers {
  /** When each address last told of calls, -Infinity: never. Oldest first. */
  #toldAt = new Map<string, number>();

  /** Statistics came from there, with or without calls in them. */
  heard(address: string, hasCalls: boolean, now: number): void {
    const told = hasCalls ? now : (this.#toldAt.get(address) ?? -Infinity);
    this.#toldAt.delete(address);
    this.#toldAt.set(address, told);
    const [oldest] = this.#toldAt.keys();
    if (this.#toldAt.size > REMEMBERED && oldest !== undefined) this.#toldAt.delete(oldest);
  }

  /** Requests are served there, but no others are sent. False for an address that nothing was heard of. */
  onlyServes(address: string, now: number): boolean {
    const told = this.#toldAt.get(address);
    return told !== undefined && now - told > COUNTS_MS;
  }
}
