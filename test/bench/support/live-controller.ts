/** The controller as it ships, a process of its own, that decides on the live reports of a fleet. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { untilReady } from '../../../tools/local-mesh/mesh/readiness.ts';
import { freePort } from './free-port.ts';
import { type Fleet, fleetManifests, fleetReports } from './fleet.ts';

const CONTROLLER = join(import.meta.dirname, '../../../central-controller/main.ts');
const REPORT_MS = 250;
const START_MS = 20_000;
/** The agents' address. The controller limits requests per address, and other clients keep their allowance. */
const AGENTS_ADDRESS = '127.0.0.2';

export interface LiveController extends AsyncDisposable {
  /** `http://host:port` */
  readonly origin: string;
  readonly pid: number;
}

/** Reports of all agents, four a second each, until aborted. */
async function report(fleet: Fleet, origin: string, dispatcher: Agent, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  for (let sequence = 1; !signal.aborted; sequence++) {
    const seconds = (performance.now() - startedAt) / 1000;
    await Promise.all(
      fleetReports(fleet, sequence, seconds).map(async (each) => {
        const headers = { 'content-type': 'application/json' };
        const options = { method: 'POST', headers, body: JSON.stringify(each), dispatcher } as const;
        const { body } = await request(`${origin}/agent/v1/reports`, options);
        await body.dump();
      }),
    );
    await sleep(REPORT_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** Starts it on a free port of 127.0.0.1. Resolves when agents have reported. Dispose of it to end all. */
export async function startLiveController(fleet: Fleet): Promise<LiveController> {
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'ballast-fleet-'));
  stack.defer(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'fleet.yaml'), fleetManifests(fleet));
  const address = `127.0.0.1:${await freePort()}`;
  const args = [CONTROLLER, '--manifests', directory, '--listen', address, '--log-level', 'error'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  stack.defer(async () => end(child));
  const broken = new AbortController();
  child.once('exit', (code) => broken.abort(new Error(`the controller ended with exit code ${code}`)));
  const patience = { signal: broken.signal, timeoutMs: START_MS };
  const origin = `http://${address}`;
  await untilReady(`${origin}/livez`, patience);
  const agents = stack.adopt(new Agent({ localAddress: AGENTS_ADDRESS }), async (agent) => agent.destroy());
  const stop = new AbortController();
  const reporting = report(fleet, origin, agents, stop.signal);
  // The error surfaces when it is disposed of.
  reporting.catch(() => undefined);
  stack.defer(async () => {
    stop.abort();
    await reporting;
  });
  await untilReady(`${origin}/readyz`, patience);
  const running = stack.move();
  return { origin, pid: child.pid ?? 0, [Symbol.asyncDispose]: async () => running.disposeAsync() };
}
