/** Finds what one decision holds of a service or a replica, or says that it holds nothing. */
import { qualifiedName } from '../../contract/names.ts';
import type { Decision, ReplicaDecision, ServiceDecision } from '../../contract/decision.ts';
import { failure, type Result, success } from '../../contract/result.ts';

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** `name` is that of the service. */
export interface ReplicaName extends ServiceName {
  readonly replica: string;
}

export function findService(decision: Decision | undefined, { namespace, name }: ServiceName): Result<ServiceDecision> {
  const found = decision?.services.find((service) => service.namespace === namespace && service.name === name);
  return found
    ? success(found)
    : failure('UNKNOWN_SERVICE', `name: ${qualifiedName({ namespace, name })} is not balanced`);
}

/** The replica, with the service that it is of. */
export function findReplica(
  decision: Decision | undefined,
  path: ReplicaName,
): Result<{ service: ServiceDecision; replica: ReplicaDecision }> {
  const service = findService(decision, path);
  if (!service.ok) return service;
  const replica = service.value.replicas.find(({ name }) => name === path.replica);
  return replica
    ? success({ service: service.value, replica })
    : failure('UNKNOWN_REPLICA', `replica: ${qualifiedName(path)} has no replica ${path.replica}`);
}
