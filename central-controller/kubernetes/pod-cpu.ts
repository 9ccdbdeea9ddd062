/** CPU limit and request of a whole pod, from those of its containers. Pure. */
import { quantity } from './quantity.ts';
import { type Container, type Pod, runningContainers } from './objects.ts';

export interface PodCpu {
  /** Absent: at least one container has no limit. */
  readonly limitCores?: number;
  /** Absent: the pod requests no CPU. */
  readonly requestCores?: number;
  /** Quantities that cannot be read, with their fields. Each counts as absent. */
  readonly faults: readonly string[];
}

interface ContainerCpu {
  readonly limit: number | undefined;
  readonly request: number | undefined;
}

export function podCpu(pod: Pod): PodCpu {
  const faults: string[] = [];
  const read = (resources: Container['resources'], path: string): ContainerCpu => {
    const cores = (of: 'limits' | 'requests'): number | undefined => {
      const given = resources?.[of]?.cpu;
      const value = given === undefined ? undefined : quantity(given);
      if (given !== undefined && (value === undefined || value < 0)) {
        faults.push(`${path}.resources.${of}.cpu: ${String(given)} is no quantity: write cores, such as 500m or 1.5`);
        return undefined;
      }
      return value;
    };
    const limit = cores('limits');
    // A container with a limit alone requests as much.
    return { limit: limit === 0 ? undefined : limit, request: cores('requests') ?? limit };
  };
  const containers = runningContainers(pod).map(({ container, path }) => read(container.resources, path));
  const ofPod = read(pod.spec.resources, 'spec');
  const limits = containers.map(({ limit }) => limit);
  const limitCores = ofPod.limit ?? (limits.includes(undefined) ? undefined : sum(limits));
  const requestCores = ofPod.request ?? sum(containers.map(({ request }) => request));
  return {
    faults,
    ...(limitCores !== undefined && { limitCores }),
    ...(requestCores !== undefined && requestCores > 0 && { requestCores }),
  };
}

/** In whole billionths: thousandths do not add up exactly as fractions. Undefined where it would be 0. */
function sum(cores: readonly (number | undefined)[]): number | undefined {
  const nano = cores.reduce<number>((total, value = 0) => total + Math.round(value * 1e9), 0);
  return nano > 0 ? nano / 1e9 : undefined;
}
