/** The container port behind a port of a Service. Pure. */
import { type Pod, runningContainers, type ServicePort } from './objects.ts';

/** TCP is the default of every port. */
export function isTcp({ protocol = 'TCP' }: { readonly protocol?: string }): boolean {
  return protocol === 'TCP';
}

/** As Kubernetes finds it in one pod: a name is looked up among ports of the same protocol; undefined: there is none. */
export function targetPortOf(port: ServicePort, pod: Pod): number | undefined {
  const { targetPort = port.port, protocol = 'TCP' } = port;
  if (typeof targetPort === 'number') return targetPort;
  return runningContainers(pod)
    .flatMap(({ container }) => container.ports ?? [])
    .find(({ name, protocol: own = 'TCP' }) => name === targetPort && own === protocol)?.containerPort;
}
