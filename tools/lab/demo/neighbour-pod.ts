/** The noisy neighbour as a pod outside of the mesh, without a sidecar, like another team's batch job. */
import packageJson from '../../../package.json' with { type: 'json' };
import type { Kubectl } from '../control-plane/kubectl.ts';

export const NEIGHBOUR_NAMESPACE = 'default';
const NAME = 'noisy-neighbour';
const IMAGE = `ballast/noisy-neighbour:${packageJson.version}`;

/** Fraction of its node that it requests: high, so that it gets its CPU before the replicas, whose requests are low. */
const REQUESTED_FRACTION = 0.5;

function manifest(node: string, nodeCores: number, cores: number): object {
  const millis = (value: number) => `${Math.round(value * 1000)}m`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: NAME, namespace: NEIGHBOUR_NAMESPACE, labels: { app: NAME, 'sidecar.istio.io/inject': 'false' } },
    spec: {
      nodeName: node,
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      containers: [
        {
          name: NAME,
          image: IMAGE,
          imagePullPolicy: 'Never',
          args: ['--cores', cores.toFixed(3)],
          resources: {
            requests: { cpu: millis(Math.min(cores, REQUESTED_FRACTION * nodeCores)), memory: '32Mi' },
            limits: { cpu: millis(cores) },
          },
        },
      ],
    },
  };
}

/** Starts the pod, which takes `cores` of the node's CPU, and waits until it runs. */
export async function startNeighbourPod(
  kubectl: Kubectl,
  node: { readonly name: string; readonly cores: number },
  cores: number,
): Promise<void> {
  await stopNeighbourPod(kubectl);
  await kubectl.apply(JSON.stringify(manifest(node.name, node.cores, cores)));
  await kubectl.run('-n', NEIGHBOUR_NAMESPACE, 'wait', '--for=condition=Ready', `pod/${NAME}`, '--timeout=60s');
}

/** Deletes the pod, if there is one, and waits for its end. */
export async function stopNeighbourPod(kubectl: Kubectl): Promise<void> {
  await kubectl.run(
    '-n',
    NEIGHBOUR_NAMESPACE,
    'delete',
    'pod',
    NAME,
    '--ignore-not-found',
    '--grace-period=1',
    '--wait',
  );
}
