/** Istio's custom resource definitions, of the version that the tests' istiod is built from. */
import { join } from 'node:path';
import { goSources } from '../../../tools/go/build.ts';
import type { ApiServer } from '../api-server/api-server.ts';

/** Applies them, and waits until objects of their kinds can be written. */
export async function applyIstioDefinitions(server: ApiServer): Promise<void> {
  const sources = await goSources('istio', 'istio.io/istio/pkg/kube');
  const file = join(sources, 'manifests/charts/base/files/crd-all.gen.yaml');
  await server.kubectl(['apply', '--server-side', '-f', file]);
  await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', file]);
}
