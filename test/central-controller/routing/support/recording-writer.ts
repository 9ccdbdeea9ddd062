/** A writer that notes what it is asked for, and refuses it where told to. */
import { describeManifest } from '../../../../central-controller/kubernetes/manifest.ts';
import type { KubernetesWriter, WriteOutcome } from '../../../../central-controller/kubernetes/kubernetes-writer.ts';

export class RecordingWriter implements KubernetesWriter {
  /** `<verb> <kind> <namespace>/<name>`. */
  readonly log: string[] = [];
  /** Refuses what it is asked for if that contains this text. */
  refuses: string | undefined;

  apply: KubernetesWriter['apply'] = (object) => this.#answer(`apply ${describeManifest(object)}`);

  delete: KubernetesWriter['delete'] = (object) => this.#answer(`delete ${describeManifest(object)}`);

  applyStatus: KubernetesWriter['applyStatus'] = ({ metadata }) => this.#answer(`status ${metadata.name}`);

  #answer(entry: string): Promise<WriteOutcome> {
    this.log.push(entry);
    const isRefused = this.refuses !== undefined && entry.includes(this.refuses);
    return Promise.resolve(isRefused ? { ok: false, isConflict: false, message: 'forbidden' } : { ok: true });
  }
}
