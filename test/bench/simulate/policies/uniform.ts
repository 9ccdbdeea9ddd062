import type { Policy } from '../fleet/ports.ts';

/** Any replica, each with the same probability. */
export const uniform: Policy = {
  name: 'random',
  start(fleet) {
    return {
      balancer(service, caller) {
        const random = fleet.random(`uniform ${service} ${caller}`);
        const replicas = fleet.services[service]?.replicas.length ?? 0;
        return { pick: () => Math.floor(random() * replicas), answered: () => {} };
      },
    };
  },
};
