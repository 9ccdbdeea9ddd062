/** A proxy that calls three services of twenty replicas: in a mesh of these alone, and in a mesh of 500 services. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { ServiceAssignment } from '../../../contract/assignment.ts';
import { proxyKey, serviceHost } from '../../../contract/names.ts';
import {
  type Endpoint,
  listenerWith,
  outboundClusters,
  SESSION_FILTER,
  type TargetService,
  wasmFilter,
} from '../../envoy/support/envoy-config.ts';
import { EnvoyProcess, until } from '../../envoy/support/envoy-process.ts';
import { FakeAgent } from '../../envoy/support/fake-agent.ts';
import { pin } from './process.ts';
import { HOST, PORT } from './sidecar.ts';
import type { Environment, Measured } from './variants.ts';

const REPLICAS = 20;
const CALLED = 3;
const POD = 'frontend-0';
const NODE_ID = `sidecar~127.0.0.1~${POD}.hotel-reservation~hotel-reservation.svc.cluster.local`;

export interface MeshSpec {
  readonly name: string;
  /** Services of the mesh, with twenty replicas each. */
  readonly services: number;
}

export const MESH_SPECS: readonly MeshSpec[] = [
  { name: 'mesh 60', services: CALLED },
  { name: 'mesh 10000', services: 500 },
];

export interface MeshVariant extends Measured, AsyncDisposable {
  /** Bytes of all blocks that the proxy holds, as the agent sent them in one answer. */
  readonly tableBytes: number;
}

/** The first service is the one that gets the load. */
function hostOf(service: number): string {
  return service === 0 ? HOST : serviceHost('mesh', `service-${service}`);
}

function endpointsOf(service: number, port: number): Endpoint[] {
  return Array.from({ length: REPLICAS }, (_, i) => {
    const index = service * REPLICAS + i;
    return { name: `service-${service}-${i}`, address: `127.32.${index >> 8}.${index & 255}:${port}` };
  });
}

function assignmentOf(service: number, port: number): ServiceAssignment {
  const replicas = endpointsOf(service, port).map((endpoint) => ({ ...endpoint, weight: 1 / REPLICAS }));
  return { key: proxyKey(PORT, hostOf(service)), routing: 'Endpoint', pinning: false, replicas };
}

/** Starts the proxy with one worker on its core, and calls its services until it holds them. */
export async function startMeshVariant(spec: MeshSpec, environment: Environment): Promise<MeshVariant> {
  await using started = new AsyncDisposableStack();
  const port = environment.upstream.plain;
  const agent = started.use(await FakeAgent.start({ remembers: 'wanted' }));
  const called = Array.from({ length: CALLED }, (_, service): TargetService => {
    return { host: hostOf(service), port: PORT, routing: 'Endpoint', endpoints: endpointsOf(service, port) };
  });
  const envoy = started.use(
    await EnvoyProcess.start({
      nodeId: NODE_ID,
      listeners: [listenerWith([wasmFilter({ wasm: environment.wasm }), SESSION_FILTER], called)],
      clusters: outboundClusters(called, agent.address),
    }),
  );
  await pin(envoy.pid, environment.core);
  const assignments = Array.from({ length: spec.services }, (_, service) => assignmentOf(service, port));
  const publish = (): void => agent.publish(assignments);
  publish();
  const url = new URL(`http://${await envoy.address('outbound')}/`);
  await until(async () => {
    for (const { host } of called) await (await request(url, { headers: { host } })).body.dump();
    await sleep(100);
    return (await envoy.counter('wasmcustom.ballast_services_held')) === CALLED;
  }, 'the proxy to hold its services');
  // All of them change at once: one answer has them all.
  publish();
  await until(() => (agent.answers.get(POD)?.length ?? 0) > 1, 'the proxy to get them');
  const tableBytes = Math.max(...(agent.answers.get(POD) ?? []));
  const running = started.move();
  return {
    name: spec.name,
    url,
    pid: envoy.pid,
    publish,
    tableBytes,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
