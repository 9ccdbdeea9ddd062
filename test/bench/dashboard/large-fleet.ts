/** A thousand replicas: forty services, each with a replica on most of forty nodes, some with a neighbour. */
import type { Fleet } from '../support/fleet.ts';

export const LARGE_FLEET: Fleet = {
  nodes: Array.from({ length: 40 }, (_, index) => `node-${index + 1}`),
  services: Array.from({ length: 40 }, (_, index) => ({ namespace: 'shop', name: `service-${index + 1}` })),
  replicas: 25,
  load: { cores: 5, requestsPerSecond: 50, swing: 0.3, neighbourCores: 1 },
};
