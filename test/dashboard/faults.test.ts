/** Faults in the browser: any language tag, and one panel that fails. */
import { type Browser, type BrowserContext, type BrowserServer, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type LiveController, startLiveController } from '../bench/support/live-controller.ts';
import { launchBrowser } from './support/browser.ts';
import { openPage } from './support/watched-page.ts';

let controller: LiveController;
let server: BrowserServer;
let browser: Browser;

beforeAll(async () => {
  controller = await startLiveController({
    nodes: ['node-1', 'node-2'],
    services: [{ namespace: 'shop', name: 'search' }],
    load: { cores: 1, requestsPerSecond: 50, swing: 0.4, neighbourCores: 0.3 },
  });
  server = await launchBrowser();
  browser = await chromium.connect(server.wsEndpoint());
});

afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));

afterAll(async () => {
  await server?.close();
  await controller?.[Symbol.asyncDispose]();
});

/** The page, where a script of it is replaced. */
async function openWith(path: string, script: string): Promise<Page> {
  const context: BrowserContext = await browser.newContext();
  await context.route(`**/${path}`, (route) => route.fulfill({ contentType: 'text/javascript', body: script }));
  const page = await context.newPage();
  await page.goto(`${controller.origin}/`);
  await page.waitForSelector('#figures:not([hidden])', { timeout: 90_000 });
  return page;
}

it.each(['en-US@posix', 'C', ''])('draws charts in a browser whose language is %j', async (language) => {
  const context = await browser.newContext();
  await context.addInitScript({
    content: `Object.defineProperty(Navigator.prototype, 'language', { get: () => ${JSON.stringify(language)} })`,
  });
  const { page, errors } = await openPage(context, `${controller.origin}/`);
  await page.waitForSelector('#weight-chart canvas');
  await page.waitForSelector('#node-chart canvas');
  expect(errors).toEqual([]);
  expect(await page.locator('#faults').isHidden()).toBe(true);
});

it('charts that do not load are reported on the page, and the other panels work', async () => {
  const page = await openWith(
    'vendor/uplot/uPlot.esm.js',
    `export default null; throw new RangeError('no charts here')`,
  );
  await expect.poll(() => page.locator('#faults').innerText()).toMatch(/^Charts .*no charts here/);
  expect(await page.locator('.replica').count()).toBe(2);
  const card = page.locator('.service');
  await card.getByRole('button', { name: 'Pause search' }).click();
  await page.locator('#pause-confirm').click();
  await expect.poll(() => page.locator('.switch-table tbody th').innerText()).toMatch(/^search\s*paused/);
  await card.getByRole('button', { name: 'Resume search' }).click();
  await page.locator('#pause-confirm').click();
  await expect.poll(() => card.locator('.mode').innerText()).toBe('balanced');
});

it('a panel that fails is reported on the page, and the other panels work', async () => {
  const page = await openWith(
    'nodes-view.js',
    `export const SERVICE_COLOURS = 8; export function showNodes() { throw new TypeError('no nodes here'); }`,
  );
  await expect.poll(() => page.locator('#faults').innerText()).toMatch(/^Nodes .*no nodes here/);
  await page.waitForSelector('#weight-chart canvas');
  expect(await page.locator('.replica').count()).toBe(2);
  expect(await page.locator('#summary > div').count()).toBe(4);
});
