/** Names in paths. */
import { Type } from 'typebox';

/** As long as Kubernetes lets names be. */
export const MAX_NAME = 253;

const Name = Type.String({ minLength: 1, maxLength: MAX_NAME });

export const NamespacedPath = Type.Object({ namespace: Name, name: Name });
export const ReplicaPath = Type.Object({ namespace: Name, name: Name, replica: Name });
