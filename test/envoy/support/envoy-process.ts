/** Starts a real Envoy for a test, on ports that the kernel chooses, and stops it in any case. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { ensureEnvoy } from '../../../tools/local-mesh/envoy/install.ts';

const START_LIMIT_MS = 60_000;
const LISTENER_TYPE = 'type.googleapis.com/envoy.config.listener.v3.Listener';

export interface EnvoySetup {
  /** Envoy's `node.id`. */
  readonly nodeId: string;
  readonly listeners: readonly object[];
  readonly clusters: readonly object[];
  readonly concurrency?: number;
  /** Envoy's `stats_config`; by default it keeps all statistics. */
  readonly statistics?: object;
}

/**
 * Runs Envoy and kills it when standard input ends: a test runner that is killed, too, leaves no Envoy behind, since
 * the kernel closes the pipe for it.
 */
const GUARDED =
  'exec 3<&0; "$@" 3<&- >/dev/null & envoy=$!; echo $envoy; { read -r _ <&3; kill -KILL $envoy; } & wait $envoy';

export class EnvoyProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;
  #pid = '';
  #log = '';
  #admin = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#pid += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
  }

  /** Starts Envoy and waits until all listeners accept. Throws with its log when it does not come up. */
  static async start(setup: EnvoySetup): Promise<EnvoyProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'ballast-envoy-'));
    const adminFile = join(folder, 'admin');
    const config = {
      node: { id: setup.nodeId, cluster: 'test' },
      admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
      dynamic_resources: { lds_config: { path_config_source: { path: join(folder, 'listeners.json') } } },
      static_resources: { clusters: setup.clusters },
      ...(setup.statistics && { stats_config: setup.statistics }),
    };
    await writeFile(join(folder, 'envoy.json'), JSON.stringify(config));
    await writeListeners(folder, setup.listeners);
    const child = spawn(
      'sh',
      ['-c', GUARDED, 'envoy', await ensureEnvoy()].concat(
        ['-c', join(folder, 'envoy.json'), '--admin-address-path', adminFile, '--log-level', 'warning'],
        ['--concurrency', String(setup.concurrency ?? 1), '--disable-hot-restart'],
        ['--drain-time-s', '3', '--drain-strategy', 'immediate'],
      ),
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    const envoy = new EnvoyProcess(child, folder);
    try {
      await envoy.#untilUp(adminFile, setup.listeners.length);
    } catch (error) {
      await envoy.stop();
      throw error;
    }
    return envoy;
  }

  /** Process id of Envoy itself. */
  get pid(): number {
    return Number(this.#pid);
  }

  get log(): string {
    return this.#log;
  }

  async admin(path: string): Promise<string> {
    const response = await request(`http://${this.#admin}${path}`);
    return response.body.text();
  }

  /** `ip:port` of a listener. */
  async address(listener: string): Promise<string> {
    const { listener_statuses: all = [] } = JSON.parse(await this.admin('/listeners?format=json')) as {
      listener_statuses?: {
        name: string;
        local_address: { socket_address: { address: string; port_value: number } };
      }[];
    };
    const found = all.find(({ name }) => name === listener);
    if (!found) throw new Error(`no listener ${listener}; Envoy said:\n${this.#log}`);
    const { address, port_value: port } = found.local_address.socket_address;
    return `${address}:${port}`;
  }

  /** Replaces all listeners, as a configuration update from a control plane does, and waits until Envoy took it. */
  async update(listeners: readonly object[]): Promise<void> {
    const before = await this.counter('listener_manager.lds.update_success');
    await writeListeners(this.#folder, listeners);
    await until(async () => (await this.counter('listener_manager.lds.update_success')) > before, 'Envoy to update');
  }

  /** A counter or gauge by its full name; 0 when it is not there. */
  async counter(name: string): Promise<number> {
    const text = await this.admin(`/stats?filter=${encodeURIComponent(`^${name.replaceAll('.', '\\.')}$`)}`);
    return Number(text.split(': ')[1] ?? 0);
  }

  async stop(): Promise<void> {
    const running = this.#child.exitCode === null && this.#child.signalCode === null;
    const gone = running ? once(this.#child, 'exit') : undefined;
    this.#child.stdin?.end();
    await gone;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #untilUp(adminFile: string, listeners: number): Promise<void> {
    await until(async () => {
      if (this.#child.exitCode !== null) throw new Error(`Envoy ended with ${this.#child.exitCode}:\n${this.#log}`);
      this.#admin = (await readFile(adminFile, 'utf8').catch(() => '')).trim();
      if (this.#admin === '') return false;
      const active = await this.counter('listener_manager.total_listeners_active').catch(() => -1);
      const rejected = await this.counter('listener_manager.lds.update_rejected').catch(() => 0);
      if (rejected > 0) throw new Error(`Envoy refused its listeners:\n${this.#log}`);
      const workers = await this.counter('listener_manager.workers_started').catch(() => 0);
      return active === listeners && workers === 1;
    }, 'Envoy to start');
  }
}

async function writeListeners(folder: string, listeners: readonly object[]): Promise<void> {
  const resources = listeners.map((listener) => ({ '@type': LISTENER_TYPE, ...listener }));
  // Envoy watches for moves: a file that is written in place is read half.
  await writeFile(join(folder, 'listeners.new'), JSON.stringify({ resources }));
  await rename(join(folder, 'listeners.new'), join(folder, 'listeners.json'));
}

/** Waits for a condition; throws, naming it, when it does not come true in a minute. */
export async function until(condition: () => Promise<boolean> | boolean, what: string | (() => string)): Promise<void> {
  const end = performance.now() + START_LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${typeof what === 'string' ? what : what()}`);
    await sleep(20);
  }
}
