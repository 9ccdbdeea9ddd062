/** Port: writes to the API server. What the server answers is a value; nothing here throws. */
import type { PolicyStatus } from '../../contract/policy-status.ts';
import type { Manifest } from './manifest.ts';

export type WriteOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** Somebody else manages the same field, or the object is not the one that was meant any more. */
      readonly isConflict: boolean;
      /** What the API server said. */
      readonly message: string;
    };

/** Which object: what identifies it among all. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid?: string };
}

export interface KubernetesWriter {
  /**
   * Server-side apply: fields that were applied before and are left out now are removed, unless others set them too.
   * @param force take over fields that others manage, rather than fail with a conflict
   */
  apply(object: Manifest, force: boolean): Promise<WriteOutcome>;
  /** Server-side apply to the status subresource. */
  applyStatus(object: ObjectRef, status: PolicyStatus): Promise<WriteOutcome>;
  /** Deletes the object if it is still the one with this uid; one that is gone already is a success. */
  delete(object: Manifest, uid: string): Promise<WriteOutcome>;
}
