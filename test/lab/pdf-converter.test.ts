/**
 * The converter's replicas hand results to each other by their headless Service, with nothing but mutual TLS allowed.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LabApplication } from '../../tools/lab/applications/application.ts';
import { SECOND_INGRESS_ADDRESS } from '../../tools/lab/settings.ts';
import { pdfConverter as application } from '../../tools/local-mesh/applications/applications.ts';
import { LabCluster } from './support/cluster.ts';
import { eventually } from '../support/soon.ts';

const PICTURE = join(import.meta.dirname, '../../tools/load-generator/mixes/pdf-converter.jpg');
const REPLICAS = ['pdf-converter-0', 'pdf-converter-1', 'pdf-converter-2'];

const strict = {
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'default', namespace: application.name },
  spec: { mtls: { mode: 'STRICT' } },
};

let cluster: LabCluster;
let converter: LabApplication;

beforeAll(async () => {
  cluster = await LabCluster.open();
  converter = new LabApplication(cluster.lab.kubectl, application, SECOND_INGRESS_ADDRESS);
  await converter.install();
  await cluster.apply(strict);
  await converter.untilReady(() => undefined);
  await converter.untilBalanced();
}, 240_000);

afterAll(async () => {
  await converter.remove();
  await cluster[Symbol.asyncDispose]();
}, 180_000);

test('a result can be fetched from each of them', async () => {
  const form = new FormData();
  form.append('myfile', new Blob([await readFile(PICTURE)], { type: 'image/jpeg' }), 'picture.jpg');
  const headers = { accept: 'application/json' };
  const made = await fetch(converter.ingress, { method: 'POST', body: form, headers });
  expect(made.status).toBe(201);
  const link = new URL(made.headers.get('location') ?? '', converter.ingress);
  const served = new Set<string | null>();
  await eventually(async () => {
    const fetched = await fetch(link);
    expect(fetched.status).toBe(200);
    expect((await fetched.text()).startsWith('%PDF-')).toBe(true);
    served.add(fetched.headers.get('x-served-by'));
    expect([...served].toSorted()).toEqual(REPLICAS);
  });
});
