/** A replica as its clients see it: what they get, and what they are refused. */
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claiming, type Colour, colourAt, distance, pageOf, picture } from './pictures.ts';
import { convert, formWith, type Replica, startReplicas } from './replicas.ts';

const RED: Colour = [220, 20, 20];
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

let replica: Replica;
let jpeg: Buffer;

beforeAll(async () => {
  [replica] = (await startReplicas(1)) as [Replica];
  jpeg = await picture(RED);
});
afterAll(async () => replica.close());

interface Refused {
  readonly code: string;
  readonly message: string;
}

async function refusalOf(response: Response): Promise<Refused> {
  return (await response.json()) as Refused;
}

describe('a picture', () => {
  test('comes back as PDF to programs, under a new name each time', async () => {
    const names = new Set<string | null>();
    for (let i = 0; i < 3; i++) {
      const response = await convert(replica.url, formWith(jpeg));
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/pdf');
      expect(response.headers.get('cache-control')).toBe('private, no-store');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('x-served-by')).toBe('pdf-converter-0');
      names.add(response.headers.get('content-disposition'));
      expect(distance(await colourAt((await pageOf(await response.bytes())).jpeg, 0.5, 0.5), RED)).toBeLessThan(8);
    }
    expect(names.size).toBe(3);
  });

  test('comes back to browsers as a page with a link to the PDF', async () => {
    const response = await convert(replica.url, formWith(jpeg), BROWSER);
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const location = response.headers.get('location') ?? '';
    expect(location).toMatch(/^\/results\/[\w-]{8}\.[\w-]{22}$/);
    expect(await response.text()).toContain(`href="${location}"`);
    const pdf = await fetch(new URL(location, replica.url));
    expect(pdf.status).toBe(200);
    expect(pdf.headers.get('content-disposition')).toMatch(/^inline; filename="[\w-]+\.pdf"$/);
    expect(await pageOf(await pdf.bytes())).toBeDefined();
  });

  test('comes back as JSON to who asks for that', async () => {
    const response = await convert(replica.url, formWith(jpeg), 'application/json');
    expect(response.status).toBe(201);
    const { id, location, bytes, keepSeconds } = (await response.json()) as Record<string, unknown>;
    expect(location).toBe(response.headers.get('location'));
    expect(location).toBe(`/results/${String(id)}`);
    expect(keepSeconds).toBe(600);
    expect((await (await fetch(new URL(String(location), replica.url))).bytes()).byteLength).toBe(bytes);
  });

  test('may come with other fields beside it', async () => {
    const form = formWith(jpeg);
    form.append('comment', 'no matter');
    expect((await convert(replica.url, form)).status).toBe(200);
  });

  test('counts by what it is, not by what it is called', async () => {
    expect((await convert(replica.url, formWith(jpeg, 'myfile', 'application/octet-stream'))).status).toBe(200);
  });
});

describe('refused with its reason is', () => {
  async function refused(body: FormData, status: number, code: string, message: RegExp): Promise<void> {
    const response = await convert(replica.url, body);
    expect(response.status).toBe(status);
    expect(await refusalOf(response)).toEqual({ code, message: expect.stringMatching(message) });
    const page = await convert(replica.url, body, BROWSER);
    expect(page.status).toBe(status);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const html = await page.text();
    expect(html).toContain('role="alert"');
    expect(html).toContain('<form');
  }

  test('a form without a file', async () => {
    const form = new FormData();
    form.append('other', 'text');
    await refused(form, 400, 'NO_FILE', /^Choose a JPEG/);
    await refused(formWith(new Uint8Array()), 400, 'NO_FILE', /^Choose a JPEG/);
  });

  test('a file in another field', () =>
    refused(formWith(jpeg, 'yourfile'), 400, 'NO_FILE', /the form has no file myfile/));

  test('a form with two files', async () => {
    const form = formWith(jpeg);
    form.append('myfile', new Blob([Uint8Array.from(jpeg)]), 'second.jpg');
    await refused(form, 400, 'TOO_MANY_FILES', /one picture at a time/);
  });

  test('another kind of picture', () =>
    refused(formWith(Buffer.from('89504e470d0a1a0a', 'hex')), 415, 'NOT_A_JPEG', /^The file is not a JPEG/));

  test('a broken JPEG', () =>
    refused(formWith(jpeg.subarray(0, -200)), 422, 'BROKEN_JPEG', /^The JPEG cannot be decoded/));

  test('a small file with a huge picture', () =>
    refused(formWith(claiming(jpeg, 60_000, 60_000)), 413, 'TOO_MANY_PIXELS', /60000 × 60000 pixels/));

  test('a file that is too large, whether it says so first or not', async () => {
    const large = Buffer.concat([jpeg, Buffer.alloc(2 ** 20)]);
    await refused(formWith(large), 413, 'FILE_TOO_LARGE', /^The file is larger than 1 MiB/);
    expect(await sendChunked(large)).toMatchObject({ status: 413, body: { code: 'FILE_TOO_LARGE' } });
    expect(await sendChunked(jpeg)).toMatchObject({ status: 200 });
  });

  test.each([
    ['no form', { 'content-type': 'image/jpeg' }, 415, 'NOT_A_FORM'],
    ['JSON', { 'content-type': 'application/json' }, 415, 'NOT_A_FORM'],
    ['a form without a boundary', { 'content-type': 'multipart/form-data' }, 400, 'MALFORMED_FORM'],
    ['a form that ends early', { 'content-type': 'multipart/form-data; boundary=x' }, 400, 'MALFORMED_FORM'],
  ])('%s', async (_, headers, status, code) => {
    const body = '--x\r\ncontent-disposition: form-data; name="myfile"; filename="a.jpg"\r\n\r\nabc';
    const response = await fetch(replica.url, { method: 'POST', body, headers });
    expect(response.status).toBe(status);
    expect(await refusalOf(response)).toMatchObject({ code });
  });

  test('a path that there is not', async () => {
    const response = await fetch(new URL('/elsewhere', replica.url));
    expect(response.status).toBe(404);
    expect(await refusalOf(response)).toMatchObject({ code: 'UNKNOWN_PATH' });
  });

  test('what comes while the replica has no room, and told to try again', async () => {
    const [small] = await startReplicas(1, { maxUploadBytes: 2 ** 20 });
    try {
      const answers = await Promise.all(Array.from({ length: 8 }, () => convert(small?.url ?? '', formWith(jpeg))));
      const statuses = answers.map(({ status }) => status);
      expect(statuses).toContain(200);
      expect(statuses).toContain(503);
      const busy = answers.find(({ status }) => status === 503);
      expect(busy?.headers.get('retry-after')).toBe('1');
      expect((await convert(small?.url ?? '', formWith(jpeg))).status).toBe(200);
    } finally {
      await small?.close();
    }
  });
});

/** Sends a form without a Content-Length, in pieces. */
async function sendChunked(file: Uint8Array): Promise<{ status: number | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(replica.url, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=piece', accept: 'application/json' },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () =>
        resolve({ status: response.statusCode === 201 ? 200 : response.statusCode, body: JSON.parse(text) }),
      );
    });
    sent.write('--piece\r\ncontent-disposition: form-data; name="myfile"; filename="a.jpg"\r\n\r\n');
    for (let at = 0; at < file.length; at += 65_536) sent.write(file.subarray(at, at + 65_536));
    sent.end('\r\n--piece--\r\n');
  });
}
