/** Rights that roles grant, and rights that requests made use of, both one by one. */
import type { AuditedRequest } from '../api-server/audit.ts';
import type { KubernetesObject } from './render.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** `<verb> <resource>[.<group>]`, such as `patch virtualservices.networking.istio.io`. */
function right(verb: string, group: string, resource: string): string {
  return `${verb} ${group === '' ? resource : `${resource}.${group}`}`;
}

/** Every right that the roles' rules grant, sorted. */
export function grantedRights(roles: readonly KubernetesObject[]): string[] {
  const rights = roles
    .flatMap((role) => role['rules'] as readonly Rule[])
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => right(verb, group, resource)))),
    );
  return [...new Set(rights)].toSorted();
}

/** Every right that a user's requests made use of, sorted. */
export function usedRights(requests: readonly AuditedRequest[]): string[] {
  const rights = requests.flatMap(({ verb, group, resource, status }) => {
    const used = right(verb, group, resource);
    // Server-side apply of what is not there yet: the API server asks for the right to create as well.
    return verb === 'patch' && status === 201 ? [used, right('create', group, resource)] : [used];
  });
  return [...new Set(rights)].toSorted();
}
