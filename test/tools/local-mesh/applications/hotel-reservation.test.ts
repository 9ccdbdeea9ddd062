import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hotelRooms } from '../../../../apps/hotel-reservation/data/hotels.ts';
import { type ReplicaProcess, startReplica, stopReplica } from '../../../apps/hotel-reservation/replica-process.ts';

const LEAVES = ['geo', 'rate', 'profile', 'recommendation', 'reservation', 'user'];
const PLACE = 'lat=37.804&lon=-122.099';
const STAY = 'inDate=2015-04-09&outDate=2015-04-12';

/** More than the largest hotel takes, so that a hotel that never fills up ends the test. */
const MAX_BOOKINGS = 50;

interface Message {
  readonly message: string;
}

interface Found {
  readonly features: readonly { readonly id: string }[];
}

const data = mkdtempSync(join(tmpdir(), 'hotel-application-'));
const replicas = new Map<string, ReplicaProcess>();
let frontend = '';

async function start(service: string): Promise<string> {
  const addresses = Object.fromEntries([...replicas].map(([name, { address }]) => [name, address]));
  const replica = await startReplica(service, ['--data', data], { SERVICE_ADDRESSES: JSON.stringify(addresses) });
  replicas.set(service, replica);
  return replica.address;
}

async function ask(path: string, method = 'GET'): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://${frontend}${path}`, { method });
  return { status: response.status, body: await response.json() };
}

beforeAll(async () => {
  await Promise.all(LEAVES.map(start));
  await start('search');
  frontend = await start('frontend');
});

afterAll(async () => {
  await Promise.all([...replicas.values()].map((replica) => stopReplica(replica)));
  rmSync(data, { recursive: true });
});

const hotels = expect.objectContaining({
  type: 'FeatureCollection',
  features: expect.arrayContaining([
    {
      type: 'Feature',
      id: expect.stringMatching(/^\d+$/),
      properties: { name: expect.any(String), phone_number: expect.any(String) },
      geometry: { type: 'Point', coordinates: [expect.closeTo(-122.1, 0), expect.closeTo(37.8, 0)] },
    },
  ]),
});

describe('the eight services together', () => {
  test('find hotels for a stay', async () => {
    expect(await ask(`/hotels?${STAY}&${PLACE}`)).toEqual({ status: 200, body: hotels });
  });

  test.each(['dis', 'rate', 'price'])('recommend by %s', async (measure) => {
    const answer = await ask(`/recommendations?require=${measure}&${PLACE}`);
    expect(answer).toMatchObject({ status: 200, body: { type: 'FeatureCollection' } });
    expect(answer.body).toHaveProperty('features.length', 5);
  });

  test('answer with no hotels where there are none', async () => {
    const answer = await ask(`/hotels?${STAY}&lat=52.5&lon=13.4`);
    expect(answer).toEqual({ status: 200, body: { type: 'FeatureCollection', features: [] } });
  });

  test.each(['GET', 'POST'])('know users, by %s', async (method) => {
    const right = await ask('/user?username=Cornell_1&password=1111111111', method);
    expect(right).toEqual({ status: 200, body: { message: 'Login successfully!' } });
    const wrong = await ask('/user?username=Cornell_1&password=2', method);
    expect(wrong).toEqual({ status: 200, body: { message: 'Failed. Please check your username and password. ' } });
  });

  test('take a reservation until the hotel is full, and then leave it out of what is found', async () => {
    const user = 'customerName=A+%26+B&username=Cornell_1&password=1111111111';
    const found = (await ask(`/hotels?${STAY}&${PLACE}`)).body as Found;
    const hotel = found.features[0]?.id ?? '';
    const booking = `/reservation?${STAY}&${PLACE}&hotelId=${hotel}&${user}&number=10`;
    let booked = 0;
    let answer = await ask(booking, 'POST');
    for (; booked < MAX_BOOKINGS && (answer.body as Message).message === 'Reserve successfully!'; booked++) {
      answer = await ask(booking, 'POST');
    }
    expect(answer).toEqual({ status: 200, body: { message: 'Failed. Already reserved. ' } });
    expect(booked).toBe(hotelRooms(Number(hotel)) / 10);
    const left = (await ask(`/hotels?${STAY}&${PLACE}`)).body as Found;
    expect(left.features).toEqual(found.features.slice(1));
  });

  test('refuse a reservation of somebody unknown', async () => {
    const answer = await ask(
      `/reservation?${STAY}&${PLACE}&hotelId=1&customerName=x&username=nobody&password=x&number=1`,
    );
    expect(answer).toEqual({ status: 200, body: { message: 'Failed. Please check your username and password. ' } });
  });

  test.each([
    ['/hotels?outDate=2015-04-10&lat=37.804&lon=-122.099', 400, /^inDate: is missing$/],
    [`/hotels?${STAY}&lat=x&lon=-122.099`, 400, /^lat: /],
    [`/recommendations?require=best&${PLACE}`, 400, /^require: must be one of dis, rate, price$/],
    ['/user?username=Cornell_1', 400, /^password: is missing$/],
    [`/reservation?${STAY}&hotelId=0&customerName=x&username=x&password=x&number=1`, 400, /^hotelId: /],
    ['/nothing', 404, /^\/nothing is not served here/],
  ])('refuse %s', async (path, status, message) => {
    expect(await ask(path)).toEqual({ status, body: { message: expect.stringMatching(message) } });
  });

  test('say which service cannot be reached', async () => {
    const user = replicas.get('user');
    if (!user) throw new Error('user was not started');
    await stopReplica(user, 'SIGKILL');
    const answer = await ask('/user?username=Cornell_1&password=1111111111');
    expect(answer).toEqual({ status: 503, body: { message: expect.stringMatching(/^user cannot be reached: /) } });
    expect((await ask(`/hotels?${STAY}&${PLACE}`)).status).toBe(200);
  });
});
