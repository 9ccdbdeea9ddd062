/** The objects of a directory of manifests, by kind. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import { brokenPolicyRule } from '../../contract/policy-rules.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import { KINDS, readerOf } from '../kubernetes/kinds.ts';
import { isOfKind, type Manifest } from '../kubernetes/manifest.ts';
import type { ClusterObjects, Deployment, Node, Pod, Service, StatefulSet } from '../kubernetes/objects.ts';
import type { ObjectReader } from '../kubernetes/read-object.ts';
import { manifestsIn } from './manifest-files.ts';

const readers = {
  nodes: readerOf<Node>(KINDS.Node),
  pods: readerOf<Pod>(KINDS.Pod),
  services: readerOf<Service>(KINDS.Service),
  statefulSets: readerOf<StatefulSet>(KINDS.StatefulSet),
  deployments: readerOf<Deployment>(KINDS.Deployment),
  policies: readerOf<LoadBalancingPolicy>(KINDS.LoadBalancingPolicy),
};

const OFF_IS_FALSE = 'spec.mode: Off is false in YAML, to kubectl, too: write "Off"';

export interface DirectoryObjects {
  readonly objects: ClusterObjects;
  /** Which file holds an object, by `<kind> <namespace>/<name>`. */
  readonly files: ReadonlyMap<string, string>;
  /** What was left out, each as one line that names file, object and field. */
  readonly faults: readonly string[];
}

/** @param files text of each file, by its name; the failure names file, object and field */
export function objectsOf(files: ReadonlyMap<string, string>): Result<DirectoryObjects> {
  const collected = new CollectedObjects();
  for (const [file, text] of files) {
    const read = manifestsIn(file, text);
    if (!read.ok) return read;
    collected.faults.push(...read.value.leftOut);
    for (const manifest of read.value.manifests) {
      const complaint = collected.add(file, manifest);
      if (complaint !== undefined) {
        return failure('INVALID_MANIFEST', `${file}: ${describe(manifest)}: ${complaint}`);
      }
    }
  }
  return success(collected);
}

/** Kubernetes' own description of an object, but a Node has no namespace. */
function describe(manifest: Manifest): string {
  const { kind, metadata } = manifest;
  return `${kind} ${isOfKind(manifest, KINDS.Node) ? metadata.name : qualifiedName(metadata)}`;
}

class CollectedObjects implements DirectoryObjects {
  readonly objects = {
    nodes: [] as Node[],
    pods: [] as Pod[],
    services: [] as Service[],
    statefulSets: [] as StatefulSet[],
    deployments: [] as Deployment[],
    policies: [] as LoadBalancingPolicy[],
  };
  readonly files = new Map<string, string>();
  readonly faults: string[] = [];
  readonly #seen = new Map<string, string>();

  /** What is wrong with the object as a whole; undefined: it is taken, or its kind is not read. */
  add(file: string, manifest: Manifest): string | undefined {
    const identity = `${manifest.apiVersion.split('/').slice(0, -1).join('/')} ${describe(manifest)}`;
    const other = this.#seen.get(identity);
    if (other !== undefined) return `metadata.name: ${other} already has one`;
    this.#seen.set(identity, file);
    return this.#read(file, manifest);
  }

  #read(file: string, manifest: Manifest): string | undefined {
    const { nodes, pods, services, statefulSets, deployments, policies } = this.objects;
    const take = <T>(reader: ObjectReader<T>, into: T[], broken?: (object: T) => string | undefined) => {
      const { value, faults } = reader(manifest);
      if (value === undefined) return faults.join('; ');
      this.files.set(describe(manifest), file);
      this.faults.push(...faults.map((fault) => `${file}: ${describe(manifest)}: ${fault}`));
      into.push(value);
      return broken?.(value);
    };
    if (isOfKind(manifest, KINDS.Node)) return take(readers.nodes, nodes);
    if (isOfKind(manifest, KINDS.Pod)) return take(readers.pods, pods);
    if (isOfKind(manifest, KINDS.Service)) return take(readers.services, services);
    if (isOfKind(manifest, KINDS.StatefulSet)) return take(readers.statefulSets, statefulSets);
    if (isOfKind(manifest, KINDS.Deployment)) return take(readers.deployments, deployments);
    if (isOfKind(manifest, KINDS.LoadBalancingPolicy)) {
      if ((manifest.spec as { mode?: unknown } | undefined)?.mode === false) return OFF_IS_FALSE;
      return take(readers.policies, policies, ({ spec }) => brokenPolicyRule(spec));
    }
    return undefined;
  }
}
