/**
 * The form in a browser: from the choice of a file to the PDF, readable for everybody, in light and dark, and on a
 * phone.
 */
import { type Browser, type BrowserServer, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { violations } from '../../dashboard/support/accessibility.ts';
import { launchBrowser } from '../../dashboard/support/browser.ts';
import { pageOf, picture } from './pictures.ts';
import { type Replica, startReplicas } from './replicas.ts';

let replica: Replica;
let launched: BrowserServer;
let browser: Browser;

beforeAll(async () => {
  [replica] = (await startReplicas(1)) as [Replica];
  launched = await launchBrowser();
  browser = await chromium.connect(launched.wsEndpoint());
});
afterAll(async () => {
  await launched.close();
  await replica.close();
});

async function submit(page: Page, file: Buffer): Promise<void> {
  await page.goto(replica.url);
  await page.getByLabel('A picture, as JPEG').setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: file });
  await page.getByRole('button', { name: 'Convert' }).click();
}

test('leads from the form to the PDF', async () => {
  const page = await browser.newPage();
  await submit(page, await picture([10, 120, 200]));
  const link = page.getByRole('link', { name: 'Open the PDF' });
  const pdf = await page.request.get(new URL((await link.getAttribute('href')) ?? '', replica.url).href);
  expect(pdf.headers()['content-type']).toBe('application/pdf');
  expect(await pageOf(await pdf.body())).toBeDefined();
  await page.getByRole('link', { name: 'Convert another picture' }).click();
  await page.getByRole('button', { name: 'Convert' }).waitFor();
  await page.close();
});

test('says what is wrong with a file, and lets another be chosen', async () => {
  const page = await browser.newPage();
  await submit(page, Buffer.from('<svg>no JPEG</svg>'));
  expect(await page.getByRole('alert').textContent()).toMatch(/^The file is not a JPEG/);
  expect(await page.getByRole('button', { name: 'Convert' }).isVisible()).toBe(true);
  await page.close();
});

test.each([
  ['in light', { colorScheme: 'light', viewport: { width: 1200, height: 800 } }],
  ['in dark', { colorScheme: 'dark', viewport: { width: 1200, height: 800 } }],
  ['on a phone', { colorScheme: 'light', viewport: { width: 320, height: 640 } }],
] as const)('%s every page can be read by everybody, without scrolling sideways', async (_, options) => {
  // The pages forbid all scripts, and axe is one.
  const context = await browser.newContext({ ...options, bypassCSP: true });
  const page = await context.newPage();
  const pages = [
    async () => page.goto(replica.url),
    async () => submit(page, Buffer.from('no JPEG')),
    async () => submit(page, await picture([1, 2, 3])),
  ];
  for (const open of pages) {
    await open();
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  }
  await context.close();
});

test('needs no script, and its own rules let its style through', async () => {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  await page.goto(replica.url);
  expect(await page.evaluate("getComputedStyle(document.querySelector('main')).borderRadius")).toBe('14px');
  // A browser asks for /favicon.ico by itself, and there is none.
  expect(complaints.filter((text) => !text.includes('favicon') && !text.includes('404'))).toEqual([]);
  await page.close();
});
