/** The last ten minutes, one row a second, as the charts take them. */
import { serviceKey, utilisation } from './overview.js';

/**
 * @typedef {import('../contract/decision.ts').Decision} Decision
 * @typedef {{ second: number, nodes: Map<string, number>, weights: Map<string, Map<string, number>> }} Row
 * @typedef {{ names: string[], data: (number | null)[][] }} Table `data[0]` holds seconds since 1970, then a row per name.
 */

const WINDOW_SECONDS = 600;
/** After so long without a decision the line is broken rather than drawn across. */
const GAP_SECONDS = 5;

export class History {
  /** @type {Row[]} */
  #rows = [];

  /** @param {Decision} decision */
  add(decision) {
    const second = Math.floor(decision.at / 1000);
    const last = this.#rows.at(-1);
    if (last && second < last.second) this.#rows = [];
    if (last && second === last.second) this.#rows.pop();
    if (last && second > last.second + GAP_SECONDS) {
      this.#rows.push({ second: last.second + 1, nodes: new Map(), weights: new Map() });
    }
    this.#rows.push({
      second,
      nodes: new Map(decision.nodes.filter((node) => !node.stale).map((node) => [node.name, utilisation(node)])),
      weights: new Map(
        decision.services.map((service) => [
          serviceKey(service),
          new Map(service.replicas.map((replica) => [replica.name, replica.weight])),
        ]),
      ),
    });
    const first = this.#rows.findIndex((row) => row.second > second - WINDOW_SECONDS);
    this.#rows.splice(0, first);
  }

  /** @returns {Table} Busy share of each node. */
  nodes() {
    return this.#table((row) => row.nodes);
  }

  /**
   * @param {string} service
   * @returns {Table} Weight of each replica of a service.
   */
  weights(service) {
    return this.#table((row) => row.weights.get(service));
  }

  /** The span to show: always the whole window, so that the lines move and do not stretch. */
  span() {
    const end = this.#rows.at(-1)?.second ?? 0;
    return { from: end - WINDOW_SECONDS, to: end };
  }

  /**
   * @param {(row: Row) => Map<string, number> | undefined} values
   * @returns {Table}
   */
  #table(values) {
    /** @type {Set<string>} */
    const seen = new Set();
    for (const row of this.#rows) for (const name of values(row)?.keys() ?? []) seen.add(name);
    const names = [...seen].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    return {
      names,
      data: [
        this.#rows.map((row) => row.second),
        ...names.map((name) => this.#rows.map((row) => values(row)?.get(name) ?? null)),
      ],
    };
  }
}
