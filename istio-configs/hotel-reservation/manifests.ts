/** The hotel application's objects as `kubectl apply -k endpoint` or `subset` would make them, for running without it. */
import { join } from 'node:path';
import { loadManifests } from '../../central-controller/cluster/load-manifests.ts';
import { describeManifest, type Manifest } from '../../central-controller/cluster/manifest.ts';
import type { Routing } from '../../central-controller/contract/assignment.ts';
import { POLICY_KIND } from '../../central-controller/contract/policy.ts';

/** Adds a patch's labels to the object of the same name; a patch without such an object is an object of its own. */
function patched(manifests: readonly Manifest[], patches: readonly Manifest[]): Manifest[] {
  const byName = new Map(manifests.map((manifest) => [describeManifest(manifest), manifest]));
  for (const patch of patches) {
    const name = describeManifest(patch);
    const target = byName.get(name);
    const labels = { ...target?.metadata.labels, ...patch.metadata.labels };
    byName.set(name, target ? { ...target, metadata: { ...target.metadata, labels } } : patch);
  }
  return [...byName.values()];
}

/** All objects of the application in one routing, its LoadBalancingPolicies among them. */
export async function hotelManifests(routing: Routing): Promise<Manifest[]> {
  const folder = join(import.meta.dirname, routing.toLowerCase());
  const [base, overlay] = await Promise.all([loadManifests(join(import.meta.dirname, 'base')), loadManifests(folder)]);
  return patched(base, overlay).map((manifest) =>
    manifest.kind === POLICY_KIND && 'spec' in manifest && typeof manifest.spec === 'object'
      ? { ...manifest, spec: { ...manifest.spec, routing } }
      : manifest,
  );
}
