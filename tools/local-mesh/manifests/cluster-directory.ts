/** The directory in the place of the Kubernetes API: the mesh writes it, the controller watches it. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeYaml } from '../../../central-controller/kubernetes/yaml.ts';
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';
import type { Mode } from '../../../central-controller/model/topology.ts';
import type { LoadBalancingPolicy } from '../../../contract/policy.ts';
import { type MeshPod, podObject, withMode } from './cluster-objects.ts';

export interface ClusterDirectoryOptions {
  /** The directory that the controller watches. */
  readonly manifests: string;
  /** Everything but pods and policies; these objects never change. */
  readonly objects: readonly Manifest[];
  readonly policies: readonly LoadBalancingPolicy[];
  readonly pods: readonly MeshPod[];
}

export class ClusterDirectory {
  readonly #options: ClusterDirectoryOptions;
  readonly #unready = new Set<string>();

  constructor(options: ClusterDirectoryOptions) {
    this.#options = options;
    mkdirSync(options.manifests, { recursive: true });
    this.#write('objects.yaml', options.objects);
    this.#writePods();
  }

  /** All objects, for the proxies' configuration. */
  objects(): Manifest[] {
    return [...this.#options.objects, ...this.#options.policies, ...this.#pods()];
  }

  /** Sets the mode of every LoadBalancingPolicy, as an operator would with kubectl. */
  setMode(mode: Mode): void {
    this.#write('policies.yaml', withMode(this.#options.policies, mode));
  }

  /** Sets a pod's readiness for the controller. Proxies keep their endpoints, as in the seconds before istiod pushes. */
  setReady(pod: string, ready: boolean): void {
    if (ready) this.#unready.delete(pod);
    else this.#unready.add(pod);
    this.#writePods();
  }

  #pods(): Manifest[] {
    return this.#options.pods.map((pod) => podObject(pod, !this.#unready.has(pod.name)));
  }

  #writePods(): void {
    this.#write('pods.yaml', this.#pods());
  }

  #write(name: string, manifests: readonly object[]): void {
    replaceFile(join(this.#options.manifests, name), writeYaml(manifests));
  }
}

/** A reader sees the old content or the new, never a part. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.partial`, text);
  renameSync(`${path}.partial`, path);
}
