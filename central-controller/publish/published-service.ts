/** One balanced port of a service, as agents hold it. */
import type { ReplicaAssignment, Routing, ServiceAssignment } from '../../contract/assignment.ts';
import type { ReplicaDecision, ServiceDecision } from '../../contract/decision.ts';
import { encodeWeights } from '../../contract/weights-codec.ts';
import type { ServiceTopology } from '../model/topology.ts';

interface Rows {
  readonly routing: Routing;
  readonly pinning: boolean;
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  /** Index of each listed replica in the decision's `replicas`. */
  readonly indexes: readonly number[];
  /** Ready replicas that lack the port are left out, as in a rollout that adds it: the others share all requests. */
  readonly isPartial: boolean;
}

export class PublishedService {
  /** Stands for the key on later lines. */
  readonly id: number;
  readonly key: string;
  /** Version of the last line that named it; 0: none has. */
  version = 0;
  #source: ServiceTopology | undefined;
  #decided: ServiceDecision | undefined;
  #rows: Rows = { routing: 'Endpoint', pinning: false, names: [], addresses: [], indexes: [], isPartial: false };
  /** Sum of the decided weights of the replicas listed. */
  #total = 1;
  #weights: Float64Array | undefined;
  /** JSON of the version that it was written for. */
  #weightsText: { readonly version: number; readonly text: string } | undefined;
  #rowsText: { readonly version: number; readonly text: string } | undefined;

  constructor(id: number, key: string) {
    this.id = id;
    this.key = key;
  }

  get size(): number {
    return this.#rows.names.length;
  }

  /** Takes over topology and decision, without publishing. Returns whether replicas, routing or pinning differ. */
  follow(source: ServiceTopology, port: number, decided: ServiceDecision): boolean {
    this.#decided = decided;
    const isNew = this.#source !== source;
    this.#source = source;
    const rows = isNew ? rowsOf(source, port, decided) : this.#rows;
    const isChanged = isNew && (this.#weights === undefined || !sameRows(this.#rows, rows));
    this.#rows = rows;
    this.#total = rows.isPartial ? rows.names.reduce((sum, _, at) => sum + this.#decidedAt(at).weight, 0) : 1;
    return isChanged;
  }

  /** How far weights moved since they were published: the greatest change, in equal shares of the service. */
  distance(): number {
    const published = this.#weights;
    if (published?.length !== this.size) return Infinity;
    let most = 0;
    for (let at = 0; at < published.length; at++) {
      most = Math.max(most, Math.abs(this.#weightAt(at) - (published[at] ?? 0)));
    }
    return most * published.length;
  }

  /** Publishes the weights of the decision. */
  publish(version: number): void {
    this.version = version;
    if (this.#weights?.length !== this.size) this.#weights = new Float64Array(this.size);
    for (let at = 0; at < this.size; at++) this.#weights[at] = this.#weightAt(at);
  }

  /** For a line's `weights`. */
  weightsJson(): string {
    if (this.#weightsText?.version !== this.version) {
      this.#weightsText = { version: this.version, text: `[${this.id},"${encodeWeights(this.#weights ?? [])}"]` };
    }
    return this.#weightsText.text;
  }

  /** For a line's `services`. */
  rowsJson(): string {
    if (this.#rowsText?.version !== this.version) {
      const { id, key, version } = this;
      const { routing, pinning, names, addresses } = this.#rows;
      const replicas = names.map((name, at) => [name, addresses[at]]);
      const weights = encodeWeights(this.#weights ?? []);
      const text = JSON.stringify({ id, key, version, routing, pinning, replicas, weights });
      this.#rowsText = { version, text };
    }
    return this.#rowsText.text;
  }

  /** CPU in use over what the replica could have of its node, as it is now; undefined: not known. */
  utilisationAt(at: number): number | undefined {
    return cpuUtilisation(this.#decidedAt(at));
  }

  /** As agents of the version before take it. */
  assignment(): ServiceAssignment {
    const { routing, pinning, names, addresses } = this.#rows;
    const replicas = names.map((name, at): ReplicaAssignment => {
      const used = this.utilisationAt(at);
      const weight = this.#weights?.[at] ?? 0;
      return { name, address: addresses[at] ?? '', weight, ...(used !== undefined && { cpuUtilisation: used }) };
    });
    return { key: this.key, routing, pinning, replicas };
  }

  #weightAt(at: number): number {
    return this.#total > 0 ? this.#decidedAt(at).weight / this.#total : 1 / this.size;
  }

  #decidedAt(at: number): ReplicaDecision {
    const decided = this.#decided?.replicas[this.#rows.indexes[at] ?? -1];
    if (decided === undefined) throw new RangeError(`${this.key} has no replica ${at}`);
    return decided;
  }
}

export function cpuUtilisation({ cpuCores, capacityCores }: ReplicaDecision): number | undefined {
  return capacityCores > 0 ? Math.min(1e6, cpuCores / capacityCores) : undefined;
}

/** The ready replicas of the service that have the port and that the decision knows. */
function rowsOf(source: ServiceTopology, port: number, decided: ServiceDecision): Rows {
  const indexOf = new Map(decided.replicas.map(({ name }, index) => [name, index]));
  const ready = source.replicas.flatMap(({ name, ready: isReady, addresses }) => {
    const index = indexOf.get(name);
    return isReady && index !== undefined ? [{ name, address: addresses[port], index }] : [];
  });
  const listed = ready.flatMap(({ address, ...row }) => (address === undefined ? [] : [{ ...row, address }]));
  return {
    routing: source.routing,
    pinning: source.pinning,
    names: listed.map(({ name }) => name),
    addresses: listed.map(({ address }) => address),
    indexes: listed.map(({ index }) => index),
    isPartial: listed.length < ready.length,
  };
}

function sameRows(before: Rows, after: Rows): boolean {
  return (
    before.routing === after.routing &&
    before.pinning === after.pinning &&
    sameTexts(before.names, after.names) &&
    sameTexts(before.addresses, after.addresses)
  );
}

function sameTexts(before: readonly string[], after: readonly string[]): boolean {
  return before.length === after.length && after.every((text, index) => before[index] === text);
}
