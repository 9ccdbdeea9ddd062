/** The dashboard with a thousand replicas: no layout shift, no errors, and a working search. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserServer, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LARGE_FLEET } from '../bench/dashboard/large-fleet.ts';
import { type LiveController, startLiveController } from '../bench/support/live-controller.ts';
import { launchBrowser } from './support/browser.ts';
import { openPage } from './support/watched-page.ts';

let controller: LiveController;
let server: BrowserServer;
let browser: Browser;

beforeAll(async () => {
  controller = await startLiveController(LARGE_FLEET);
  server = await launchBrowser();
  browser = await chromium.connect(server.wsEndpoint());
});

afterAll(async () => {
  await server?.close();
  await controller?.[Symbol.asyncDispose]();
});

it('shows a thousand replicas without layout shift while values change', async () => {
  const { page, errors, moved } = await openPage(await browser.newContext(), `${controller.origin}/`);
  expect(await page.locator('.service').count()).toBe(40);
  const before = await page.locator('#summary').innerText();
  await sleep(5_000);
  expect(await page.locator('#summary').innerText()).not.toBe(before);
  await page.locator('.service').nth(30).scrollIntoViewIfNeeded();
  await page.locator('.more').nth(30).click();
  expect(await page.locator('.service').nth(30).locator('.replica').count()).toBe(25);
  await sleep(2_000);
  await page.locator('#search').fill('service-7-24');
  await expect.poll(() => page.locator('.replica').count()).toBe(1);
  expect(errors).toEqual([]);
  expect(await moved()).toEqual([]);
});
