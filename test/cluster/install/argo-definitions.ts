/** Argo CD's kind: what its own definition demands, and what an Application of a folder cannot do without. */
import type { ApiServer } from '../api-server/api-server.ts';
import { OPEN } from '../support/objects.ts';
import { applyStandIns } from './stand-in-definition.ts';

const TEXT = { type: 'string', minLength: 1 };

/** Applies it, and waits until objects of the kind can be written. */
export async function applyArgoDefinitions(server: ApiServer): Promise<void> {
  const source = { ...OPEN, required: ['repoURL', 'path'], properties: { repoURL: TEXT, path: TEXT } };
  const destination = { ...OPEN, required: ['server', 'namespace'], properties: { server: TEXT, namespace: TEXT } };
  await applyStandIns(server, [
    {
      group: 'argoproj.io',
      version: 'v1alpha1',
      kind: 'Application',
      plural: 'applications',
      properties: { project: TEXT, source, destination, syncPolicy: OPEN },
      required: ['project', 'source', 'destination'],
    },
  ]);
}
