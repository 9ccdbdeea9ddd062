/** The directory that stands for the Kubernetes API: the controller watches it, the mesh writes it. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Manifest } from '../../../central-controller/cluster/manifest.ts';
import type { Mode } from '../../../central-controller/cluster/topology.ts';
import type { LoadBalancingPolicy } from '../../../central-controller/contract/policy.ts';
import type { EnvoyObject } from '../envoy/proxy.ts';
import { renderEndpoints } from '../envoy/render.ts';
import { type MeshPod, podObject, withMode } from './cluster-objects.ts';

export interface ClusterDirectoryOptions {
  /** The directory that the controller watches. */
  readonly manifests: string;
  /** The directory of the endpoint files that every Envoy watches. */
  readonly endpoints: string;
  /** Everything but pods and policies: these stay as they are. */
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
    mkdirSync(options.endpoints, { recursive: true });
    this.#write('objects.yaml', options.objects);
    this.#writePods();
  }

  /** All objects, as an informer of the proxies' configuration would see them. */
  objects(): Manifest[] {
    return [...this.#options.objects, ...this.#options.policies, ...this.#pods()];
  }

  /** Sets the mode of every LoadBalancingPolicy, as an operator would with kubectl. */
  setMode(mode: Mode): void {
    this.#write('policies.yaml', withMode(this.#options.policies, mode));
  }

  /** Sets a pod's readiness: controller and proxies learn of it as from the Kubernetes API. */
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
    for (const [name, endpoints] of renderEndpoints(this.objects())) this.#writeEndpoints(name, endpoints);
  }

  #writeEndpoints(name: string, endpoints: EnvoyObject): void {
    replaceFile(join(this.#options.endpoints, name), JSON.stringify(endpoints));
  }

  #write(name: string, manifests: readonly object[]): void {
    replaceFile(join(this.#options.manifests, name), manifests.map((manifest) => stringify(manifest)).join('---\n'));
  }
}

/** Whoever watches the file sees the old content or the new, never a part. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.partial`, text);
  renameSync(`${path}.partial`, path);
}
