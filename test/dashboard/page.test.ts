/** The dashboard in a real browser, on a real controller. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContextOptions, type BrowserServer, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../contract/explanation.ts';
import type { Fleet } from '../bench/support/fleet.ts';
import { type LiveController, startLiveController } from '../bench/support/live-controller.ts';
import { violations } from './support/accessibility.ts';
import { launchBrowser } from './support/browser.ts';
import { openPage, type WatchedPage } from './support/watched-page.ts';

const FLEET: Fleet = {
  nodes: ['node-1', 'node-2', 'node-3'],
  services: ['search', 'geo', 'rate'].map((name) => ({ namespace: 'shop', name })),
  load: { cores: 1, requestsPerSecond: 50, swing: 0.4, neighbourCores: 0.3 },
};

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

let controller: LiveController;
let server: BrowserServer;
let browser: Browser;

beforeAll(async () => {
  controller = await startLiveController(FLEET);
  server = await launchBrowser();
  browser = await chromium.connect(server.wsEndpoint());
});

afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));

afterAll(async () => {
  await server?.close();
  await controller?.[Symbol.asyncDispose]();
});

async function open(hash = '', options: BrowserContextOptions = {}): Promise<WatchedPage> {
  return openPage(await browser.newContext(options), `${controller.origin}/${hash}`);
}

/** The texts of the open explanation. */
function explanationOn(page: Page): Promise<{ source: string; reasons: string[]; cpu: string }> {
  return page.evaluate(`({
    source: document.querySelector('#source').getAttribute('href'),
    reasons: [...document.querySelectorAll('#reasons li')].map((item) => item.textContent),
    cpu: document.querySelector('#evidence dd').textContent,
  })`);
}

describe('the page', () => {
  it('opens without an error, sends requests to the controller only, and is painted', async () => {
    const { page, errors, hosts, paintedAt } = await open();
    await page.waitForSelector('#weight-chart canvas');
    expect(await page.locator('#nodes > li').count()).toBe(3);
    expect(await page.locator('.replica').count()).toBe(9);
    expect(await paintedAt()).toBeGreaterThan(0);
    expect(errors).toEqual([]);
    expect([...hosts]).toEqual([new URL(controller.origin).host]);
  });

  it('has no layout shift while values change, with and without an open explanation', async () => {
    const { page, moved } = await open();
    const before = await page.locator('#nodes').innerText();
    await sleep(6_000);
    expect(await page.locator('#nodes').innerText()).not.toBe(before);
    await page.locator('a.open').first().click();
    await page.waitForSelector('#own-weight-chart canvas');
    await sleep(4_000);
    expect(await moved()).toEqual([]);
  });

  it('leads to the explanation of a replica by keyboard, and back', async () => {
    const { page } = await open();
    await page.keyboard.press('/');
    await page.keyboard.type('search-1');
    await expect.poll(() => page.locator('.replica').count()).toBe(1);
    await page.keyboard.press('Tab');
    while ((await page.locator('a.open:focus').count()) === 0) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#panel[open]');
    expect(await page.locator(':focus').innerText()).toBe('search-1');
    expect(await page.locator('#verdict').innerText()).toMatch(/^It gets .* of the requests to search; /);
    expect(new URL(page.url()).hash).toBe('#shop/search/search-1');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#panel:not([open])', { state: 'attached' });
    expect(await page.locator(':focus').getAttribute('href')).toBe('#shop/search/search-1');
    expect(new URL(page.url()).hash).toBe('');
  });

  it('shows the explanation of the API at the same tick, at an address that others can open', async () => {
    const { page } = await open('#shop/geo/geo-2');
    await page.waitForSelector('#reasons li');
    const { source, reasons, cpu } = await explanationOn(page);
    const answer = await fetch(new URL(source, controller.origin));
    const { replica, reasons: told } = (await answer.json()) as Explanation;
    expect(replica.name).toBe('geo-2');
    expect(reasons).toEqual(told);
    expect(cpu).toBe(`${replica.cpuCores.toFixed(2)} cores`);
  });

  it('says if an address names no replica', async () => {
    const { page } = await open('#shop/geo/geo-9');
    await page.waitForSelector('#panel[open]');
    expect(await page.locator('#panel-subtitle').innerText()).toBe('shop/geo has no such replica now.');
  });

  it('pauses and resumes a service after a confirmation, and compares before and after', async () => {
    const { page, errors } = await open();
    const card = page.locator('.service', { has: page.getByRole('heading', { name: 'rate' }) });
    await card.getByRole('button', { name: 'Pause rate' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await card.getByRole('button', { name: 'Pause rate' }).click();
    await page.getByLabel('Why').fill('a test');
    await page.locator('#pause-confirm').click();
    await expect.poll(() => card.locator('.mode').innerText()).toBe('paused');
    await expect
      .poll(() => page.locator('.switch-table tbody th').innerText())
      .toMatch(/^rate\s*paused .* ago, before balanced$/);
    await page.locator('#show-findings').click();
    await expect.poll(() => page.locator('#findings').innerText()).toContain('Balancing is paused (a test): shop/rate');
    await page.keyboard.press('Escape');
    await card.getByRole('button', { name: 'Resume rate' }).click();
    await page.locator('#pause-confirm').click();
    await expect.poll(() => card.locator('.mode').innerText()).toBe('balanced');
    expect(errors).toEqual([]);
  });

  it('shows the pause of another user with the next decision', async () => {
    const context = await browser.newContext();
    await context.clock.install();
    const { page } = await openPage(context, `${controller.origin}/`);
    // From here on nothing happens by a timer of the page.
    await context.clock.pauseAt(Date.now() + 10_000);
    await page.locator('#show-findings').click();
    const pause = `${controller.origin}/api/v1/services/shop/geo/pause`;
    const body = JSON.stringify({ reason: 'by others' });
    const answer = await fetch(pause, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
    expect(answer.status).toBe(200);
    await expect
      .poll(() => page.locator('#findings').innerText())
      .toContain('Balancing is paused (by others): shop/geo');
    expect((await fetch(pause, { method: 'DELETE' })).status).toBe(204);
    await expect.poll(() => page.locator('#findings').innerText()).not.toContain('by others');
  });
});

describe.each([
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['on a phone', { colorScheme: 'light', ...PHONE }],
  ['dark on a phone', { colorScheme: 'dark', ...PHONE }],
] as const)('%s', (_name, options) => {
  it('has no serious accessibility violation, with any dialog open', async () => {
    const { page } = await open('', options);
    expect(await violations(page)).toEqual([]);
    await page.locator('a.open').first().click();
    await page.waitForSelector('#own-weight-chart canvas');
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Pause all services' }).click();
    expect(await violations(page)).toEqual([]);
  });

  it('is not wider than the screen', async () => {
    const { page } = await open('', options);
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    const screen = await page.evaluate<number>('document.documentElement.clientWidth');
    expect(wide).toBeLessThanOrEqual(screen);
  });
});

it('says that the controller is unreachable, and keeps the last values', async () => {
  const alone = await startLiveController(FLEET);
  const { page } = await openPage(await browser.newContext(), `${alone.origin}/`);
  await alone[Symbol.asyncDispose]();
  await expect.poll(() => page.locator('#connection').innerText(), { timeout: 10_000 }).toBe('Not reachable');
  expect(await page.locator('#state').innerText()).toMatch(/^The controller cannot be reached; trying again\./);
  expect(await page.locator('.replica').count()).toBe(9);
});
