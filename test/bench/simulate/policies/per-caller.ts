import type { Balancer, Fleet, Policy, Random } from '../fleet/ports.ts';

/** What one caller of a policy without a central part knows at its start. */
export interface CallerSetting {
  readonly fleet: Fleet;
  readonly service: number;
  /** Number of the service's replicas. */
  readonly replicas: number;
  /** Number of the service's callers. */
  readonly callers: number;
  /** This caller's own stream. */
  readonly random: Random;
}

/** A policy in which every caller decides by itself. */
export function perCaller(name: string, balancer: (setting: CallerSetting) => Balancer): Policy {
  return {
    name,
    start: (fleet) => ({
      balancer: (service, caller) => {
        const shape = fleet.services[service];
        if (shape === undefined) throw new RangeError(`the fleet has no service ${service}`);
        return balancer({
          fleet,
          service,
          replicas: shape.replicas.length,
          callers: shape.callers,
          random: fleet.random(`${name}/${service}/${caller}`),
        });
      },
    }),
  };
}

/** One caller's outstanding requests to each replica. */
export class Outstanding {
  readonly #counts: Uint32Array;

  constructor(replicas: number) {
    this.#counts = new Uint32Array(replicas);
  }

  of(replica: number): number {
    return this.#counts[replica] ?? 0;
  }

  sent(replica: number): void {
    this.#counts[replica] = this.of(replica) + 1;
  }

  answered(replica: number): void {
    this.#counts[replica] = this.of(replica) - 1;
  }
}
