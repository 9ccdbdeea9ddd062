/** The label on a Service that Endpoint routing needs: is it there, and who set it? Pure. */
import { type ServiceName, SESSION_LABEL } from './istio-names.ts';
import { qualifiedName, SESSION_HEADER } from '../../contract/names.ts';
import { FIELD_MANAGER, type Observed } from '../kubernetes/observed-objects.ts';
import type { Manifest } from '../kubernetes/manifest.ts';
import type { Service } from '../kubernetes/objects.ts';
import type { RoutingProblem } from './desired-routing.ts';

/** Label for sessions by cookie; where both are set, istiod takes this one. */
const COOKIE_LABEL = 'istio.io/persistent-session';

export function isLabelled({ metadata }: Service): boolean {
  return metadata.labels?.[SESSION_LABEL] === SESSION_HEADER && !metadata.labels[COOKIE_LABEL];
}

/** Did Ballast set the label? Only then may Ballast remove it. */
export function isLabelOurs({ metadata }: Observed<Service>): boolean {
  const own = `f:${SESSION_LABEL}`;
  return (metadata.managedFields ?? []).some(({ manager, operation, fieldsV1 }) => {
    const { 'f:metadata': fields } = (fieldsV1 ?? {}) as { 'f:metadata'?: { 'f:labels'?: object } };
    return manager === FIELD_MANAGER && operation === 'Apply' && own in (fields?.['f:labels'] ?? {});
  });
}

/** The Service has a session label of its own. */
export function sessionProblem(service: Service): RoutingProblem | undefined {
  const labels = service.metadata.labels ?? {};
  const label = labels[COOKIE_LABEL] ? COOKIE_LABEL : SESSION_LABEL;
  const value = labels[label];
  if (!value || (label === SESSION_LABEL && value === SESSION_HEADER)) return undefined;
  const what = `Service ${qualifiedName(service.metadata)} has the label ${label}: ${value}`;
  return {
    reason: 'SessionLabelTaken',
    message: `${what}, and a Service keeps sessions in one way only: remove that label, or set spec.routing to Subset`,
  };
}

/** Applying this removes the label that Ballast applied before, and leaves fields of other managers. */
export function unlabelled({ namespace, name }: ServiceName): Manifest {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace } };
}
