/** Results of several replicas behind a balancer: who may fetch what, from where, and for how long. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newResultId, replicaTag } from '../../../apps/pdf-converter/results/result-store.ts';
import { type Colour, colourAt, distance, pageOf, picture } from './pictures.ts';
import { type Replica, convert, formWith, startReplicas } from './replicas.ts';

const CLIENTS = 24;

let replicas: Replica[];

beforeAll(async () => {
  replicas = await startReplicas(3);
});
afterAll(async () => {
  for (const replica of replicas) await replica.close();
});

/** Far enough from each other that JPEG cannot make one of two. */
function colourOf(client: number): Colour {
  return [40 + 70 * (client % 3), 40 + 70 * (Math.floor(client / 3) % 3), 40 + 70 * (Math.floor(client / 9) % 3)];
}

function urlOf(index: number): string {
  return replicas[index % replicas.length]?.url ?? '';
}

async function shows(response: Response, colour: Colour): Promise<void> {
  expect(response.status).toBe(200);
  expect(distance(await colourAt((await pageOf(await response.bytes())).jpeg, 0.5, 0.5), colour)).toBeLessThan(10);
}

async function stored(url: string, colour: Colour): Promise<string> {
  const response = await convert(url, formWith(await picture(colour)), 'application/json');
  expect(response.status).toBe(201);
  return response.headers.get('location') ?? '';
}

describe('clients at the same time', () => {
  test('each get a PDF of their own picture', async () => {
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, client) => {
        const jpeg = await picture(colourOf(client));
        await shows(await convert(urlOf(client), formWith(jpeg)), colourOf(client));
      }),
    );
  });

  test('each find their own picture at their link, whichever replica they ask', async () => {
    const links = await Promise.all(
      Array.from({ length: CLIENTS }, async (_, client) => stored(urlOf(client), colourOf(client))),
    );
    expect(new Set(links).size).toBe(CLIENTS);
    await Promise.all(
      links.flatMap((link, client) =>
        replicas.map(async ({ url, name }) => {
          const response = await fetch(new URL(link, url));
          expect(response.headers.get('x-served-by')).toBe(name);
          await shows(response, colourOf(client));
        }),
      ),
    );
  });
});

describe('a link', () => {
  test('that nobody was given leads nowhere, whatever replica it names', async () => {
    const link = await stored(urlOf(0), colourOf(0));
    const [tag = ''] = link.replace('/results/', '').split('.');
    for (const id of [
      newResultId(tag),
      newResultId(replicaTag('10.0.0.1:8080')),
      'results',
      '..%2f..%2fetc%2fpasswd',
    ]) {
      for (const { url } of replicas) {
        const response = await fetch(`${url}/results/${id}`);
        expect(response.status, id).toBe(404);
        expect(await response.json()).toMatchObject({ code: 'UNKNOWN_RESULT' });
      }
    }
  });

  test('is not handed on a second time', async () => {
    const link = await stored(urlOf(0), colourOf(0));
    const headers = { 'x-pdf-forwarded': '1' };
    expect((await fetch(new URL(link, urlOf(1)), { headers })).status).toBe(404);
    expect((await fetch(new URL(link, urlOf(0)), { headers })).status).toBe(200);
  });

  test('says so when the replica that has the result does not answer', async () => {
    const two = await startReplicas(2);
    const [first, second] = two;
    try {
      const link = await stored(first?.url ?? '', colourOf(1));
      await first?.close();
      const response = await fetch(new URL(link, second?.url));
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: 'OWNER_UNREACHABLE' });
    } finally {
      await second?.close();
    }
  });

  test('leads nowhere once its time is over', async () => {
    let nowMs = 1;
    const [replica] = await startReplicas(1, { keepSeconds: 30, clock: { now: () => nowMs } });
    try {
      const link = await stored(replica?.url ?? '', colourOf(2));
      nowMs += 29_000;
      expect((await fetch(new URL(link, replica?.url))).status).toBe(200);
      nowMs += 2000;
      expect((await fetch(new URL(link, replica?.url))).status).toBe(404);
    } finally {
      await replica?.close();
    }
  });
});
