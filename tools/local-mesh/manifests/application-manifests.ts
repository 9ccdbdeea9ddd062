/** An application's objects as `kubectl apply -k istio-configs/<name>/statefulset` would apply them, without a cluster. */
import { join } from 'node:path';
import { SESSION_LABEL } from '../../../central-controller/routing/istio-names.ts';
import { loadManifests } from '../../../central-controller/cluster/manifest-files.ts';
import { describeManifest, type Manifest } from '../../../central-controller/kubernetes/manifest.ts';
import { renderRouting } from '../../../central-controller/routing/render-routing.ts';
import type { Routing } from '../../../contract/assignment.ts';
import { BallastError } from '../../../contract/errors.ts';
import { POLICY_KIND } from '../../../contract/policy.ts';

const CONFIGS = join(import.meta.dirname, '../../../istio-configs');

/** Lays patches over the objects of the same names: their fields, and labels one by one. Other patches are added. */
function patched(manifests: readonly Manifest[], patches: readonly Manifest[]): Manifest[] {
  const byName = new Map(manifests.map((manifest) => [describeManifest(manifest), manifest]));
  for (const patch of patches) {
    const name = describeManifest(patch);
    const target = byName.get(name);
    const labels = { ...target?.metadata.labels, ...patch.metadata.labels };
    byName.set(name, target ? { ...target, ...patch, metadata: { ...target.metadata, labels } } : patch);
  }
  return [...byName.values()];
}

function withSpec(manifest: Manifest, fields: Readonly<Record<string, unknown>>): Manifest {
  const { spec } = manifest;
  return { ...manifest, spec: { ...(typeof spec === 'object' ? spec : {}), ...fields } };
}

/** The object with its fields for routing set to this one. */
function routedBy(manifest: Manifest, routing: Routing): Manifest {
  if (manifest.kind === POLICY_KIND) return withSpec(manifest, { routing });
  // With the label Envoy would keep to sessions besides the subsets. Endpoint routing sets it anew.
  const { [SESSION_LABEL]: session, ...labels } = manifest.metadata.labels ?? {};
  return session === undefined ? manifest : { ...manifest, metadata: { ...manifest.metadata, labels } };
}

/**
 * All objects of an application in one routing, its LoadBalancingPolicies among them: those of `istio-configs/<name>/base`,
 * with the objects and the patches (objects with less than all fields) of the layer beside it, and what Ballast adds to
 * them for the routing. JSON patches, and patches within a kustomization, are not read.
 * @throws BallastError INVALID_MANIFEST
 */
export async function applicationManifests(name: string, routing: Routing, layer = 'statefulset'): Promise<Manifest[]> {
  const [base, patches] = await Promise.all([
    loadManifests(join(CONFIGS, name, 'base')),
    loadManifests(join(CONFIGS, name, layer)),
  ]);
  return withRouting(
    patched(base, patches).map((manifest) => routedBy(manifest, routing)),
    routing,
  );
}

/**
 * The objects with so many replicas of each StatefulSet, and with what their routing needs.
 * @throws BallastError INVALID_MANIFEST
 */
export function scaledManifests(manifests: readonly Manifest[], replicas: number, routing: Routing): Manifest[] {
  const scaled = manifests.map((manifest) =>
    manifest.kind === 'StatefulSet' ? withSpec(manifest, { replicas }) : manifest,
  );
  return withRouting(scaled, routing);
}

/** Routing objects that are there already are replaced. */
function withRouting(manifests: readonly Manifest[], routing: Routing): Manifest[] {
  const added = renderRouting(manifests, { routing });
  if (!added.ok) throw new BallastError(added.failure.code, added.failure.message);
  return patched(manifests, added.value);
}
