/** The cluster's control plane, on its own node: etcd, API server, controller manager and scheduler. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '../../../contract/errors.ts';
import type { LabNode } from '../node/node.ts';
import { API_SERVER, POD_RANGE, SERVICE_RANGE } from '../settings.ts';
import type { LabFolder } from '../state/lab-folder.ts';
import type { Programs } from '../programs/programs.ts';

const ETCD = 'http://127.0.0.1:2379';
const START_LIMIT_MS = 60_000;

/** Time after which a lost node is detected: half of Kubernetes' default. */
const NODE_GRACE = '20s';

function apiServerFlags(pki: string): string[] {
  const at = (file: string) => join(pki, file);
  return [
    `--etcd-servers=${ETCD}`,
    `--bind-address=${new URL(API_SERVER).hostname}`,
    `--advertise-address=${new URL(API_SERVER).hostname}`,
    `--secure-port=${new URL(API_SERVER).port}`,
    `--tls-cert-file=${at('apiserver.crt')}`,
    `--tls-private-key-file=${at('apiserver.key')}`,
    `--client-ca-file=${at('ca.crt')}`,
    `--kubelet-client-certificate=${at('kubelet-client.crt')}`,
    `--kubelet-client-key=${at('kubelet-client.key')}`,
    `--kubelet-certificate-authority=${at('ca.crt')}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${at('service-accounts.pub')}`,
    `--service-account-signing-key-file=${at('service-accounts.key')}`,
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
  ];
}

function controllerManagerFlags(pki: string): string[] {
  const at = (file: string) => join(pki, file);
  return [
    `--kubeconfig=${at('controller-manager.kubeconfig')}`,
    `--service-account-private-key-file=${at('service-accounts.key')}`,
    `--root-ca-file=${at('ca.crt')}`,
    `--cluster-signing-cert-file=${at('ca.crt')}`,
    `--cluster-signing-key-file=${at('ca.key')}`,
    '--use-service-account-credentials',
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--cluster-cidr=${POD_RANGE}`,
    '--allocate-node-cidrs=false',
    `--node-monitor-grace-period=${NODE_GRACE}`,
  ];
}

/** Starts all components. Those that need the API server retry until it is ready. */
export function startControlPlane(node: LabNode, folder: LabFolder, programs: Programs): void {
  const pki = folder.folder('pki');
  const start = (component: string, ...flags: string[]) => node.spawn(component, [programs.hyper, component, ...flags]);
  start('etcd', `--data-dir=${folder.folder('etcd')}`, `--client=${ETCD}`, '--unsafe-no-fsync');
  start('kube-apiserver', ...apiServerFlags(pki));
  start('kube-controller-manager', ...controllerManagerFlags(pki));
  start(
    'kube-scheduler',
    `--kubeconfig=${join(pki, 'scheduler.kubeconfig')}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
  );
}

/** Whether the API server is ready now. */
export async function apiServerIsReady(folder: LabFolder): Promise<boolean> {
  let ca: Buffer;
  try {
    ca = readFileSync(join(folder.path, 'pki', 'ca.crt'));
  } catch {
    return false;
  }
  return new Promise((resolve) => {
    const asking = request(`${API_SERVER}/readyz`, { ca, timeout: 2000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asking.on('timeout', () => asking.destroy());
    asking.on('error', () => resolve(false));
    asking.end();
  });
}

/** @throws BallastError CHILD_FAILED after the time limit */
export async function untilApiServerIsReady(folder: LabFolder, node: LabNode): Promise<void> {
  const giveUp = Date.now() + START_LIMIT_MS;
  while (!(await apiServerIsReady(folder))) {
    if (Date.now() > giveUp) {
      const log = folder.log(node.name, 'kube-apiserver');
      throw new BallastError('CHILD_FAILED', `the API server did not come up; its log: ${log}`);
    }
    await sleep(100);
  }
}
