/** Lines of assignments, of both versions, with defaults so that a test names only what it is about. */
import type { AssignmentUpdate, ReplicaAssignment, ServiceAssignment } from '../../../contract/assignment.ts';
import type { AssignmentLine, ServiceRows } from '../../../contract/assignment-stream.ts';
import { encodeWeights } from '../../../contract/weights-codec.ts';

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

export function rows(overrides: Partial<ServiceRows> & { readonly shares?: readonly number[] } = {}): ServiceRows {
  const { shares, ...others } = overrides;
  return {
    id: 0,
    key: '8080|search.hotel.svc.cluster.local',
    version: 1,
    routing: 'Endpoint',
    pinning: false,
    replicas: (shares ?? [1]).map((_, index) => [`search-${index}`, `10.0.0.${index + 1}:8080`]),
    weights: encodeWeights(shares ?? [1]),
    ...others,
  };
}

/** A first line, with one service. */
export function line(overrides: Partial<AssignmentLine> = {}): AssignmentLine {
  return { version: 1, validForMs: 10_000, epoch: 1, services: [rows()], ...overrides };
}
