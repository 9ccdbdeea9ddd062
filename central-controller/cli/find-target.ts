/** What a name on the command line stands for. */
import { qualifiedName } from '../../contract/names.ts';
import type { Decision, ServiceDecision } from '../../contract/decision.ts';
import { BallastError } from '../../contract/errors.ts';
import { askController, type ControllerFlags } from './controller-client.ts';

export interface Target {
  readonly service: ServiceDecision;
  readonly replica?: string;
}

/**
 * `[<namespace>/]<service or replica>`; a name that several namespaces have must be told with its own.
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
  if (!target) throw new BallastError('UNKNOWN_SERVICE', `${name}: no balanced service or replica is called so`);
  if (other) {
    const full = targets.map(({ service }) => qualifiedName({ namespace: service.namespace, name: last }));
    throw new BallastError('INVALID_REQUEST', `${name}: is not the only one: name ${full.join(' or ')}`);
  }
  return target;
}

/** The service of that name, which must not be a replica's. @throws BallastError */
export async function askForService(flags: ControllerFlags, name: string): Promise<ServiceDecision> {
  const decision = await askController<Decision>(flags, '/api/v1/decisions/latest');
  const { service, replica } = findTarget(decision, name);
  if (replica === undefined) return service;
  throw new BallastError('UNKNOWN_SERVICE', `${name}: is a replica of ${qualifiedName(service)}`);
}

/** Where the API has all that concerns the service. */
export function servicePath({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `/api/v1/services/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
}
