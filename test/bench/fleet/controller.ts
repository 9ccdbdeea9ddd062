/** The controller of the fleet: a process of its own on the first core, and what it says of itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { untilReady } from '../../../tools/local-mesh/mesh/readiness.ts';
import { type Fleet, fleetFiles } from '../support/fleet.ts';
import { freePort } from '../support/free-port.ts';
import { cpuSeconds } from '../support/process-cpu.ts';
import { shippedController } from '../support/shipped-controller.ts';
import { pin } from './drivers.ts';

const START_MS = 120_000;
/**
 * Heap that Node allows itself in a container with twice as much memory. Without a limit it lets garbage grow to four
 * times of what lives.
 */
const HEAP_MB = 256;

/** What it has counted since it started. */
export interface Counted {
  readonly refused: number;
  readonly decisions: number;
  readonly decisionSeconds: number;
}

export class FleetController implements AsyncDisposable {
  readonly origin: string;
  readonly isPinned: boolean;
  readonly #pid: number;
  readonly #stack: AsyncDisposableStack;
  readonly #ended: AbortSignal;

  private constructor(origin: string, pid: number, stack: AsyncDisposableStack, ended: AbortSignal) {
    this.origin = origin;
    this.#pid = pid;
    this.#stack = stack;
    this.#ended = ended;
    this.isPinned = pin(pid, '0');
  }

  /** Resolves when it takes requests; it decides as soon as agents have reported. */
  static async start(checkout: string, fleet: Fleet, signal: AbortSignal): Promise<FleetController> {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'ballast-fleet-'));
    stack.defer(() => rm(folder, { recursive: true }));
    const manifests = join(folder, 'manifests');
    await mkdir(manifests);
    for (const [name, yaml] of fleetFiles(fleet)) await writeFile(join(manifests, name), yaml);
    const program = await shippedController(checkout, join(folder, 'program'));
    const address = `127.0.0.1:${await freePort()}`;
    const flags = ['--manifests', manifests, '--listen', address, '--log-level', 'error'];
    const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, ...program, ...flags], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const exited = once(child, 'exit');
    const ended = new AbortController();
    child.once('exit', (code) => ended.abort(new Error(`the controller ended with exit code ${code}`)));
    stack.defer(async () => {
      child.kill('SIGTERM');
      await exited;
    });
    if (child.pid === undefined) throw new Error('the controller could not be started');
    const origin = `http://${address}`;
    await untilReady(`${origin}/livez`, { signal: AbortSignal.any([signal, ended.signal]), timeoutMs: START_MS });
    return new FleetController(origin, child.pid, stack.move(), ended.signal);
  }

  /** Resolves when it decides. */
  async untilDecided(signal: AbortSignal): Promise<void> {
    await untilReady(`${this.origin}/readyz`, { signal: AbortSignal.any([signal, this.#ended]), timeoutMs: START_MS });
  }

  /** Resident memory now, MB. */
  mb(): number {
    return (Number(readFileSync(`/proc/${this.#pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 1e6;
  }

  /** CPU time that it has used, seconds. */
  cpuSeconds(): number {
    return cpuSeconds(this.#pid);
  }

  async counted(): Promise<Counted> {
    const { body } = await request(`${this.origin}/metrics`);
    const text = await body.text();
    const sum = (name: string): number =>
      [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))].reduce(
        (all, [, value]) => all + Number(value),
        0,
      );
    return {
      refused: sum('ballast_reports_refused_total'),
      decisions: sum('ballast_decision_duration_seconds_count'),
      decisionSeconds: sum('ballast_decision_duration_seconds_sum'),
    };
  }

  /** When the recent decisions were made, ms since 1970, by tick. */
  async decisions(): Promise<ReadonlyMap<number, number>> {
    const { decisions } = await this.#json<{ decisions: { tick: number; at: number }[] }>('/api/v1/decisions?limit=40');
    return new Map(decisions.map(({ tick, at }) => [tick, at]));
  }

  /** When the newest published versions were decided, ms since 1970. */
  async versions(): Promise<ReadonlyMap<number, number>> {
    const { versions } = await this.#json<{ versions: { version: number; decidedAt: number }[] }>('/api/v1/versions');
    return new Map(versions.map(({ version, decidedAt }) => [version, decidedAt]));
  }

  async #json<Answer>(path: string): Promise<Answer> {
    const { statusCode, body } = await request(`${this.origin}${path}`);
    if (statusCode !== 200) throw new Error(`${path}: status ${statusCode}: ${await body.text()}`);
    return (await body.json()) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
