/** Port: writes to the API server. Its answer is a value; nothing here throws. */
import type { PolicyStatus } from '../../contract/policy-status.ts';
import type { Manifest } from './manifest.ts';

export type WriteOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** Another manager has the same field, or another object has taken the name. */
      readonly isConflict: boolean;
      /** The answer of the API server. */
      readonly message: string;
    };

/** Identifies one object. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid?: string };
}

export interface KubernetesWriter {
  /**
   * Server-side apply: removes fields that were applied before and are absent now, unless another manager has them too.
   * @param force take over fields of other managers instead of failing with a conflict
   */
  apply(object: Manifest, force: boolean): Promise<WriteOutcome>;
  /** Server-side apply to the status subresource. */
  applyStatus(object: ObjectRef, status: PolicyStatus): Promise<WriteOutcome>;
  /** Deletes the object if it still has this uid. An object that is gone already is a success. */
  delete(object: Manifest, uid: string): Promise<WriteOutcome>;
}
