/** Finds what a selector chooses among many objects. Pure. */

export type Labels = Readonly<Record<string, string>>;

/** Objects by namespace and label, so that those that a selector chooses are found without looking at all. */
export class ByLabel<T> {
  readonly #groups = new Map<string, T[]>();

  constructor(objects: readonly T[], describe: (object: T) => readonly [namespace: string, labels: Labels]) {
    for (const object of objects) {
      const [namespace, labels] = describe(object);
      for (const [label, value] of Object.entries(labels)) {
        const key = `${namespace} ${label}=${value}`;
        const group = this.#groups.get(key);
        if (group) group.push(object);
        else this.#groups.set(key, [object]);
      }
    }
  }

  /** At least all that the selector chooses. */
  candidates(namespace: string, selector: Labels = {}): readonly T[] {
    const [first] = Object.entries(selector);
    return (first && this.#groups.get(`${namespace} ${first[0]}=${first[1]}`)) ?? [];
  }
}
