/** Starts the lab step by step, or completes a running one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nameOf } from '../install/versions.ts';
import { hotelReservation as hotel } from '../local-mesh/applications/applications.ts';
import { type ShownStep, runSteps } from '../local-mesh/progress.ts';
import { LabApplication } from './applications/application.ts';
import { installBallast, installIstio, untilBallastIsReady, untilInjecting } from './mesh.ts';
import { createVolumes } from './applications/volumes.ts';
import { createCluster, repairCluster } from './cluster.ts';
import { ensureArchives } from './images/archives.ts';
import { ensureStore, keysOf } from './images/store.ts';
import { type Lab, type LabWish, findLab } from './lab.ts';
import { requireLabMachine } from './requirements.ts';
import { INGRESS_ADDRESS } from './settings.ts';
import { LabFolder, readRecord, writeRecord } from './state/lab-folder.ts';
import { withLock } from './state/lock.ts';

/** Parts of the lab in the order of their start. Each needs the ones before it. */
export const PARTS = ['kubernetes', 'istio', 'ballast', 'hotel'] as const;

export type Part = (typeof PARTS)[number];

export interface UpOptions extends LabWish {
  /** The last part that is started. */
  readonly until: Part;
}

const MANIFESTS = join(import.meta.dirname, 'manifests');

/** One start of the lab. Run its steps one after the other; `lab` is available after them. */
class LabStart {
  readonly #until: Part;
  readonly #wish: LabWish;
  #lab: Lab | undefined;
  #archives: readonly string[] = [];
  #store = '';
  /** True if the cluster was running and got new images. */
  #hasNewImages = false;

  constructor({ until, ...wish }: UpOptions) {
    this.#until = until;
    this.#wish = wish;
  }

  get lab(): Lab {
    if (!this.#lab) throw new Error('the lab has not been looked for');
    return this.#lab;
  }

  get steps(): readonly ShownStep[] {
    const parts: Record<Part, readonly ShownStep[]> = {
      kubernetes: [
        { title: 'Programs', run: (progress) => this.#bringPrograms(progress) },
        { title: 'Images', run: (progress) => this.#bringImages(progress) },
        { title: 'Kubernetes', run: () => this.#startCluster() },
      ],
      istio: [{ title: 'Istio', run: () => this.#installIstio() }],
      ballast: [{ title: 'Ballast', run: () => this.#installBallast() }],
      hotel: [{ title: 'Hotel application', run: (progress) => this.#installHotel(progress) }],
    };
    const chosen = PARTS.slice(0, PARTS.indexOf(this.#until) + 1).flatMap((part) => parts[part]);
    return [...chosen, { title: 'Nodes', run: () => this.#limitNodes() }];
  }

  async #bringPrograms(progress: (text: string) => void): Promise<string> {
    this.#lab = await findLab(progress, this.#wish);
    return nameOf(this.#lab.programs.pair);
  }

  async #bringImages(progress: (text: string) => void): Promise<undefined> {
    progress('writing archives');
    this.#archives = await ensureArchives(this.lab.programs);
    progress('unpacking');
    this.#store = await ensureStore(this.lab.programs, this.#archives);
    return undefined;
  }

  async #startCluster(): Promise<string> {
    const { lab } = this;
    const keys = await keysOf(this.#archives);
    const record = readRecord(lab.folder);
    if (record && (await lab.answers())) {
      const added = this.#archives.filter((_, index) => !record.images.includes(keys[index] ?? ''));
      this.#hasNewImages = added.length > 0;
      await repairCluster(lab, added);
      writeRecord(lab.folder, { ...record, images: keys });
      return `up since ${record.since}`;
    }
    await createCluster(lab, this.#store);
    await lab.kubectl.apply(readFileSync(join(MANIFESTS, 'coredns.yaml'), 'utf8'));
    writeRecord(lab.folder, { ...lab.programs.pair, since: new Date().toISOString(), images: keys });
    return `${lab.nodes.length} nodes`;
  }

  async #installIstio(): Promise<undefined> {
    await installIstio(this.lab.kubectl, this.lab.programs);
    await untilInjecting(this.lab.kubectl);
    return undefined;
  }

  async #installBallast(): Promise<undefined> {
    await installBallast(this.lab.kubectl, this.#hasNewImages);
    // Otherwise the application starts at the same time.
    if (this.#until === 'ballast') await untilBallastIsReady(this.lab.kubectl);
    return undefined;
  }

  async #installHotel(progress: (text: string) => void): Promise<string> {
    // Sidecars and applications start at the machine's speed.
    for (const node of this.lab.workers) node.limit(false);
    await createVolumes(this.lab.kubectl, this.lab.folder);
    const application = new LabApplication(this.lab.kubectl, hotel, INGRESS_ADDRESS);
    await application.install();
    await application.untilReady(progress);
    await untilBallastIsReady(this.lab.kubectl);
    await application.untilBalanced();
    return application.ingress.href;
  }

  /** Waits for the nodes, then limits their CPU. */
  async #limitNodes(): Promise<string> {
    await this.lab.kubectl.run('wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s');
    for (const node of this.lab.workers) node.limit(true);
    return this.lab.workers.map(({ name, settings }) => `${name} ${settings.cores} cores`).join(', ');
  }
}

/** Starts the lab and resolves when it is up. `show` runs the steps (tools/local-mesh/progress.ts). */
export async function upLab(
  options: UpOptions,
  show: (steps: readonly ShownStep[]) => Promise<void> = async (steps) => runSteps(steps, false),
): Promise<Lab> {
  await requireLabMachine();
  const start = new LabStart(options);
  await withLock(new LabFolder(), async () => show(start.steps));
  return start.lab;
}
