/** Istio's custom resource definitions, of the version that the tests' istiod is built from. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ApiServer } from '../api-server/api-server.ts';

const run = promisify(execFile);

/** Applies them, and waits until objects of their kinds can be written. */
export async function applyIstioDefinitions(server: ApiServer): Promise<void> {
  const module = join(import.meta.dirname, '../../../tools/go/istio');
  const { stdout } = await run('go', ['list', '-f', '{{.Module.Dir}}', 'istio.io/istio/pkg/kube'], { cwd: module });
  const file = join(stdout.trim(), 'manifests/charts/base/files/crd-all.gen.yaml');
  await server.kubectl(['apply', '--server-side', '-f', file]);
  await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', file]);
}
