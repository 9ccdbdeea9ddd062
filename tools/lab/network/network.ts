/**
 * The lab's network: a bridge on this machine, and a network namespace per node connected to it. The nodes and this
 * machine have routes to all pods. Everything is removed with the bridge and the namespaces.
 */
import {
  BALANCER_RANGE,
  BRIDGE,
  BRIDGE_ADDRESS,
  CONTROL_PLANE_NAME,
  LAB,
  type NodeSettings,
  addressOf,
  podSubnetOf,
} from '../settings.ts';
import { run, tryRun } from '../../machine/command.ts';

/** Network namespace of a node, as `ip netns` names it. */
export function namespaceOf(node: NodeSettings): string {
  return `${LAB}-${node.name}`;
}

/** Runs many changes with one `ip` process. Each line is a command without the word `ip`. */
async function batch(lines: readonly string[], namespace?: string): Promise<void> {
  const within = namespace === undefined ? [] : ['-n', namespace];
  await run('ip', [...within, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

async function connectNode(node: NodeSettings, others: readonly NodeSettings[]): Promise<void> {
  const namespace = namespaceOf(node);
  const cable = `${BRIDGE}-${node.index}`;
  await batch([
    `netns add ${namespace}`,
    `link add ${cable} type veth peer name eth0 netns ${namespace}`,
    `link set ${cable} master ${BRIDGE} up`,
    `route replace ${podSubnetOf(node)} via ${addressOf(node)}`,
  ]);
  await batch(
    [
      'link set lo up',
      `addr add ${addressOf(node)}/24 dev eth0`,
      'link set eth0 up',
      `route add default via ${BRIDGE_ADDRESS}`,
      ...others.map((other) => `route add ${podSubnetOf(other)} via ${addressOf(other)}`),
    ],
    namespace,
  );
  await run('nsenter', [`--net=/run/netns/${namespace}`, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
}

/**
 * @throws BallastError COMMAND_FAILED if the kernel or this process's rights do not allow it, or a part exists already
 */
export async function createNetwork(nodes: readonly NodeSettings[]): Promise<void> {
  await batch([
    `link add ${BRIDGE} type bridge`,
    `addr add ${BRIDGE_ADDRESS}/24 dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
  ]);
  for (const node of nodes) {
    const others = nodes.filter((other) => other !== node);
    await connectNode(node, others);
  }
  const gateway = nodes.find(({ name }) => name === CONTROL_PLANE_NAME);
  if (gateway) await batch([`route replace ${BALANCER_RANGE} via ${addressOf(gateway)}`]);
}

/** Removes all existing parts of the network. The kernel removes a namespace with a short delay. */
export async function removeNetwork(): Promise<void> {
  for (const namespace of await labNamespaces()) await tryRun('ip', ['netns', 'delete', namespace]);
  for (const link of await labLinks()) await tryRun('ip', ['link', 'delete', link]);
}

/** The existing parts of the network, in words. */
export async function remainsOfNetwork(): Promise<string[]> {
  return [
    ...(await labNamespaces()).map((name) => `network namespace ${name}`),
    ...(await labLinks()).map((name) => `network interface ${name}`),
  ];
}

async function labLinks(): Promise<string[]> {
  const links = (await tryRun('ip', ['-brief', 'link'])) ?? '';
  return links.split('\n').flatMap((line) => new RegExp(`^${BRIDGE}(-\\d+)?(?=[@ ])`).exec(line)?.[0] ?? []);
}

async function labNamespaces(): Promise<string[]> {
  const list = (await tryRun('ip', ['netns', 'list'])) ?? '';
  return list.split('\n').flatMap((line) => new RegExp(`^${LAB}-\\S+`).exec(line)?.[0] ?? []);
}
