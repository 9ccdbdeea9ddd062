/** Installs the hotel application behind its ingress gateway. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '../../../central-controller/contract/errors.ts';
import type { Kubectl } from '../control-plane/kubectl.ts';
import { INGRESS_ADDRESS } from '../settings.ts';

const FOLDER = join(import.meta.dirname, '../manifests/hotel');
const NAMESPACE = 'hotel-reservation';
const START_LIMIT_MS = 180_000;

/** Applies the application and gives its gateway the address that a cloud would; does not wait. */
export async function installHotel(kubectl: Kubectl): Promise<void> {
  await kubectl.applyFolder(FOLDER);
  const status = { status: { loadBalancer: { ingress: [{ ip: INGRESS_ADDRESS }] } } };
  const patch = ['--subresource', 'status', '--type', 'merge', '--patch', JSON.stringify(status)];
  await kubectl.run('-n', NAMESPACE, 'patch', 'service', 'hotel-gateway', ...patch);
}

/** Waits until every pod is ready; `say` hears how many are. */
export async function untilHotelIsReady(kubectl: Kubectl, say: (text: string) => void): Promise<void> {
  const giveUp = Date.now() + START_LIMIT_MS;
  const columns = 'custom-columns=ready:.status.conditions[?(@.type=="Ready")].status,name:.metadata.name';
  for (;;) {
    const pods = (await kubectl.run('-n', NAMESPACE, 'get', 'pods', '--no-headers', '-o', columns)).trim().split('\n');
    const waiting = pods.filter((line) => !line.startsWith('True'));
    if (waiting.length === 0 && pods.length > 1) return;
    say(`${pods.length - waiting.length} of ${pods.length} pods`);
    if (Date.now() > giveUp) {
      const names = waiting.map((line) => line.split(/\s+/).at(-1)).join(', ');
      throw new BallastError('CHILD_FAILED', `not ready in time: ${names}; see kubectl -n ${NAMESPACE} describe pods`);
    }
    await sleep(500);
  }
}

/** One request as a client would make it; the status, or what went wrong. */
async function ask(ingress: URL): Promise<string> {
  const hotels = new URL('/hotels?inDate=2015-04-09&outDate=2015-04-10&lat=38&lon=-122', ingress);
  return fetch(hotels, { signal: AbortSignal.timeout(5_000) }).then(
    async (response) => {
      await response.arrayBuffer();
      return `HTTP ${response.status}`;
    },
    (error: unknown) => String(error),
  );
}

/** Requests that the gateway's plugin has chosen a replica for. */
async function picksAtGateway(kubectl: Kubectl): Promise<number> {
  const stats = ['pilot-agent', 'request', 'GET', 'stats?filter=ballast_picks_total'];
  const shown = await kubectl.run('-n', NAMESPACE, 'exec', 'deployment/hotel-gateway', '--', ...stats).catch(() => '');
  return Number(/ballast_picks_total: (\d+)/.exec(shown)?.[1] ?? 0);
}

/** Waits until the application answers through the ingress gateway, and until Ballast chooses who answers. */
export async function untilBalanced(kubectl: Kubectl, ingress: URL): Promise<void> {
  const giveUp = Date.now() + START_LIMIT_MS;
  for (;;) {
    const answer = await ask(ingress);
    if (answer === 'HTTP 200' && (await picksAtGateway(kubectl)) > 0) return;
    if (Date.now() > giveUp) {
      throw new BallastError('CHILD_FAILED', `${ingress.href} is not balanced; its last answer: ${answer}`);
    }
    await sleep(250);
  }
}
