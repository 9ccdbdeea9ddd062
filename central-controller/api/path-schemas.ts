/** Names in URL paths. */
import { Type } from 'typebox';

/** The maximum length of a Kubernetes name. */
export const MAX_NAME = 253;

const Name = Type.String({ minLength: 1, maxLength: MAX_NAME });

export const NamespacedPath = Type.Object({ namespace: Name, name: Name });
export const ReplicaPath = Type.Object({ namespace: Name, name: Name, replica: Name });
