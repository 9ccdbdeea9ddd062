/** A node: namespaces and a control group in which containerd, kubelet and kube-proxy run as on a machine. */
import { spawn } from 'node:child_process';
import { accessSync, closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '../../../contract/errors.ts';
import { nodeIdentity } from '../control-plane/certificates.ts';
import { cloneStore } from '../images/store.ts';
import { namespaceOf } from '../network/network.ts';
import { type NodeSettings, addressOf } from '../settings.ts';
import type { LabFolder } from '../state/lab-folder.ts';
import { run } from '../../machine/command.ts';
import type { Programs } from '../programs/programs.ts';
import type { LabCgroups } from './cgroups.ts';
import { writeConfiguration } from './configuration.ts';

const START_LIMIT_MS = 30_000;
const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';

/** Writes its process id to the files before `--`, then becomes the command after it. */
const ENTER_CGROUPS = 'while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@"';

/** Namespaces of a node besides the network's. All processes end with the first one. */
const UNSHARE = [
  '--mount',
  '--propagation',
  'private',
  '--uts',
  '--ipc',
  '--cgroup',
  '--pid',
  '--fork',
  '--kill-child=KILL',
  '--mount-proc',
];

export class LabNode {
  readonly settings: NodeSettings;
  readonly #folder: LabFolder;
  readonly #cgroups: LabCgroups;
  readonly #programs: Programs;

  constructor(settings: NodeSettings, folder: LabFolder, cgroups: LabCgroups, programs: Programs) {
    this.settings = settings;
    this.#folder = folder;
    this.#cgroups = cgroups;
    this.#programs = programs;
  }

  get name(): string {
    return this.settings.name;
  }

  get address(): string {
    return addressOf(this.settings);
  }

  /**
   * Directory of the node's control group in the hierarchy of a controller such as `cpuacct`. It contains `kubepods`.
   */
  cgroup(controller: string): string {
    return this.#cgroups.directory(this.name, controller);
  }

  /** CPU that everything on the node has used since it started, in core-seconds. */
  cpuSeconds(): number {
    return this.#cgroups.cpuSeconds(this.name);
  }

  /** Enforces the node's CPU limit, or lifts it so that everything starts at the machine's speed. */
  limit(enforced: boolean): void {
    this.#cgroups.setQuota(this.name, enforced ? this.settings.cores : undefined);
  }

  /** Whether the node's first process exists. */
  get runs(): boolean {
    return this.#initProcess() !== undefined;
  }

  /** Makes the node's disk, with the images of a store, and its configuration. */
  async create(store: string): Promise<void> {
    mkdirSync(this.#file('var-lib'), { recursive: true });
    mkdirSync(this.#file('var-log'), { recursive: true });
    await cloneStore(store, this.#file('var-lib', 'containerd'));
    const paths = { configuration: this.#file('configuration'), pki: this.#folder.folder('pki') };
    await writeConfiguration(this.settings, paths, this.#programs);
  }

  /** Starts the node again after {@link kill}, with its disk and with its CPU limit. */
  async start(): Promise<void> {
    await this.boot();
    this.limit(true);
    this.startKubelet();
  }

  /** Starts the node up to containerd. */
  async boot(): Promise<void> {
    this.#cgroups.create(this.name);
    const hierarchies = this.#cgroups.hierarchies.map(
      ({ mountPoint, options }) => `${mountPoint.slice(mountPoint.lastIndexOf('/') + 1)}=${options}`,
    );
    this.#spawn('init', [
      'nsenter',
      `--net=/run/netns/${namespaceOf(this.settings)}`,
      'unshare',
      ...UNSHARE,
      join(import.meta.dirname, 'node-init.sh'),
      this.name,
      this.#file(),
      this.#programs.pause,
      ...hierarchies,
    ]);
    await this.#until('init', () => this.#initIsUp());
    this.spawn('containerd', [
      join(this.#programs.containerFolder, 'containerd'),
      '--config',
      this.#file('configuration', 'containerd.toml'),
    ]);
    await this.#until('containerd', () => this.#existsInNode(CONTAINERD_SOCKET));
  }

  /** Starts kubelet and kube-proxy, so that the node joins the cluster. */
  startKubelet(): void {
    const configuration = this.#file('configuration');
    const kubeconfig = join(this.#folder.folder('pki'), `${nodeIdentity(this.settings)}.kubeconfig`);
    this.spawn('kubelet', [
      this.#programs.hyper,
      'kubelet',
      `--config=${configuration}/kubelet.yaml`,
      `--kubeconfig=${kubeconfig}`,
      `--hostname-override=${this.name}`,
      `--node-ip=${this.address}`,
    ]);
    this.spawn('kube-proxy', [this.#programs.hyper, 'kube-proxy', `--config=${configuration}/kube-proxy.yaml`]);
  }

  /** Ends the node like a power cut: kills its processes and removes its groups. Its disk remains. */
  kill(): void {
    this.#cgroups.remove(this.name);
  }

  /** Starts a daemon on the node. Its output goes to the node's log of that name. */
  spawn(program: string, command: readonly string[]): void {
    this.#spawn(program, [...this.#enter(), ...command]);
  }

  /** Runs a program on the node and returns its standard output. */
  async exec(command: readonly string[]): Promise<string> {
    const [first = 'true', ...others] = [...this.#enter(), ...command];
    return run(first, others, { env: this.#environment() });
  }

  /** Imports an archive into the node's containerd. */
  async importImages(archive: string): Promise<void> {
    await this.exec(['ctr', '--address', CONTAINERD_SOCKET, '-n', 'k8s.io', 'images', 'import', archive]);
  }

  #file(...parts: readonly string[]): string {
    return join(this.#folder.path, 'nodes', this.name, ...parts);
  }

  #spawn(program: string, command: readonly string[]): void {
    const log = openSync(this.#folder.log(this.name, program), 'a');
    const processFiles = this.#cgroups.processFiles(this.name);
    const child = spawn('sh', ['-c', ENTER_CGROUPS, 'sh', ...processFiles, '--', ...command], {
      stdio: ['ignore', log, log],
      env: this.#environment(),
      detached: true,
    });
    // A failure to start shows when the caller waits for the program.
    child.on('error', () => {});
    child.unref();
    closeSync(log);
  }

  #environment(): NodeJS.ProcessEnv {
    const { containerFolder, runc, libraries, iptablesModules } = this.#programs;
    const path = [this.#folder.folder('bin'), containerFolder, dirname(runc), process.env['PATH']];
    return {
      PATH: path.join(':'),
      XTABLES_LIBDIR: iptablesModules,
      ...(libraries !== undefined && { LD_LIBRARY_PATH: libraries }),
    };
  }

  #enter(): string[] {
    const pid = this.#initProcess();
    if (pid === undefined) throw new BallastError('NODE_DOWN', `${this.name} is not running`);
    return ['nsenter', '--target', String(pid), '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup'];
  }

  /** The first process of the node's namespace: it has two process ids, and the second is 1. */
  #initProcess(): number | undefined {
    try {
      const members = readFileSync(join(this.cgroup('cpu'), 'cgroup.procs'), 'utf8');
      return members
        .split('\n')
        .map(Number)
        .find((pid) => pid > 0 && /^NSpid:\t\d+\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
    } catch {
      return undefined;
    }
  }

  /** The first process has made its mounts when it has become `pause`. */
  #initIsUp(): boolean {
    const pid = this.#initProcess();
    return pid !== undefined && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'pause';
  }

  #existsInNode(path: string): boolean {
    try {
      accessSync(`/proc/${this.#initProcess()}/root${path}`);
      return true;
    } catch {
      return false;
    }
  }

  async #until(program: string, isUp: () => boolean): Promise<void> {
    const giveUp = Date.now() + START_LIMIT_MS;
    while (!isUp()) {
      if (Date.now() > giveUp) {
        const log = this.#folder.log(this.name, program);
        throw new BallastError('CHILD_FAILED', `${program} of ${this.name} did not come up; its log: ${log}`);
      }
      await sleep(20);
    }
  }
}
