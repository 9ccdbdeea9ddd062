/** Configuration of every node's programs: containerd, its network plugins, kubelet and kube-proxy. */
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { nodeIdentity } from '../control-plane/certificates.ts';
import { DNS_ADDRESS, type NodeSettings, PAUSE_IMAGE, POD_RANGE, addressOf, podSubnetOf } from '../settings.ts';
import type { Programs } from '../programs/programs.ts';

const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';

/**
 * Memory of a node that pods cannot request. A kubelet sees the whole machine, so what exceeds its node is reserved.
 */
const RESERVED_MEMORY = '1Gi';

export interface NodePaths {
  /** Folder for the files of {@link writeConfiguration}. */
  readonly configuration: string;
  /** Folder of certificates and kubeconfigs. */
  readonly pki: string;
}

function containerdConfig(configuration: string, programs: Programs): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "${CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  disable_apparmor = true
  # A process cannot lower its score below its parent's, and this machine may have raised ours.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "${programs.runc}"
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${programs.containerFolder}"
    conf_dir = "${join(configuration, 'cni')}"
`;
}

function cniConfig(node: NodeSettings): object {
  return {
    cniVersion: '0.4.0',
    name: 'ballast-lab',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isDefaultGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: { type: 'host-local', ranges: [[{ subnet: podSubnetOf(node) }]] },
      },
    ],
  };
}

function kubeletConfig(node: NodeSettings, { configuration, pki }: NodePaths): object {
  const certificate = join(pki, nodeIdentity(node));
  const spare = availableParallelism() - (node.cores ?? availableParallelism());
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: addressOf(node),
    tlsCertFile: `${certificate}.crt`,
    tlsPrivateKeyFile: `${certificate}.key`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(pki, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: '/',
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    systemReserved: { cpu: `${Math.round(spare * 1000)}m`, memory: RESERVED_MEMORY },
    // The disk is the machine's, so its usage is not the node's.
    evictionHard: {
      'memory.available': '0%',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
    },
    imageGCHighThresholdPercent: 100,
    localStorageCapacityIsolation: false,
    makeIPTablesUtilChains: false,
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
    clusterDNS: [DNS_ADDRESS],
    clusterDomain: 'cluster.local',
    resolvConf: join(configuration, 'resolv.conf'),
    nodeStatusUpdateFrequency: '5s',
    nodeStatusReportFrequency: '10s',
    registerWithTaints: node.isControlPlane
      ? [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }]
      : [],
  };
}

function proxyConfig(node: NodeSettings, pki: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: join(pki, 'proxy.kubeconfig') },
    mode: 'iptables',
    clusterCIDR: POD_RANGE,
    hostnameOverride: node.name,
    // Limits of connection tracking belong to the machine; a node must not change them.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}

/** Writes `containerd.toml`, `kubelet.yaml`, `kube-proxy.yaml`, `resolv.conf` and `cni/` of a node. */
export async function writeConfiguration(node: NodeSettings, paths: NodePaths, programs: Programs): Promise<void> {
  const { configuration } = paths;
  await mkdir(join(configuration, 'cni'), { recursive: true });
  await Promise.all([
    writeFile(join(configuration, 'cni', '10-ballast-lab.conflist'), JSON.stringify(cniConfig(node))),
    writeFile(join(configuration, 'containerd.toml'), containerdConfig(configuration, programs)),
    writeFile(join(configuration, 'kubelet.yaml'), stringify(kubeletConfig(node, paths))),
    writeFile(join(configuration, 'kube-proxy.yaml'), stringify(proxyConfig(node, paths.pki))),
    // There is no DNS but the cluster's own.
    writeFile(join(configuration, 'resolv.conf'), 'search cluster.local\n'),
  ]);
}
