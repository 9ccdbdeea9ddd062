/** Assignment updates with defaults, so that a test names only what it is about. */
import type { AssignmentUpdate, ReplicaAssignment, ServiceAssignment } from '../../../contract/assignment.ts';

export function replica(overrides: Partial<ReplicaAssignment> = {}): ReplicaAssignment {
  return {
    name: 'search-0',
    address: '10.0.0.1:8080',
    weight: 1,
    ...overrides,
  };
}

export function service(overrides: Partial<ServiceAssignment> = {}): ServiceAssignment {
  return {
    key: '8080|search.hotel.svc.cluster.local',
    routing: 'Endpoint',
    pinning: false,
    replicas: [replica()],
    ...overrides,
  };
}

export function update(overrides: Partial<AssignmentUpdate> = {}): AssignmentUpdate {
  return { version: 1, full: true, validForMs: 10_000, services: [service()], removed: [], ...overrides };
}
