/** Finds the service or the replica that a name on the command line means. */
import { qualifiedName } from '../../contract/names.ts';
import type { Decision, ServiceDecision } from '../../contract/decision.ts';
import { BallastError } from '../../contract/errors.ts';
import { askController, type ControllerFlags } from './controller-client.ts';

export interface Target {
  readonly service: ServiceDecision;
  readonly replica?: string;
}

/**
 * @param name `[<namespace>/]<service or replica>`; the namespace is needed if the name is in several namespaces
 * @throws BallastError
 */
export function findTarget(decision: Decision, name: string): Target {
  const [last = '', namespace] = name.split('/').toReversed();
  const near = decision.services.filter((service) => namespace === undefined || service.namespace === namespace);
  const targets = near.flatMap((service): Target[] => [
    ...(service.name === last ? [{ service }] : []),
    ...service.replicas.filter((replica) => replica.name === last).map(() => ({ service, replica: last })),
  ]);
  const [target, other] = targets;
  if (!target) throw new BallastError('UNKNOWN_SERVICE', `${name}: no balanced service or replica has this name`);
  if (other) {
    const full = targets.map(({ service }) => qualifiedName({ namespace: service.namespace, name: last }));
    throw new BallastError('INVALID_REQUEST', `${name}: several have this name: write ${full.join(' or ')}`);
  }
  return target;
}

/** The service of that name. @throws BallastError also if it is the name of a replica */
export async function askForService(flags: ControllerFlags, name: string): Promise<ServiceDecision> {
  const decision = await askController<Decision>(flags, '/api/v1/decisions/latest');
  const { service, replica } = findTarget(decision, name);
  if (replica === undefined) return service;
  throw new BallastError('UNKNOWN_SERVICE', `${name}: this is a replica of ${qualifiedName(service)}`);
}

/** Path of a service in the API. */
export function servicePath({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `/api/v1/services/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
}
