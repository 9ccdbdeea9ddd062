/** The dashboard with ten thousand replicas of five hundred services on a thousand nodes. */
import { type Browser, type BrowserServer, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type FleetController, startFleetController } from '../bench/support/fleet-controller.ts';
import { launchBrowser } from './support/browser.ts';
import { openPage } from './support/watched-page.ts';

let controller: FleetController;
let server: BrowserServer;
let browser: Browser;

beforeAll(async () => {
  controller = await startFleetController({ nodes: 1000, replicas: 10_000, services: 500 });
  server = await launchBrowser();
  browser = await chromium.connect(server.wsEndpoint());
});

afterAll(async () => {
  await server?.close();
  await controller?.[Symbol.asyncDispose]();
});

afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));

const PATIENCE = { timeout: 30_000 };

it('sums all replicas up, and draws a part of nodes and services', async () => {
  const { page, errors } = await openPage(await browser.newContext(), `${controller.origin}/`);
  expect(await page.locator('#summary').innerText()).toContain('of 10000');
  expect(await page.locator('.node').count()).toBe(60);
  expect(await page.locator('#nodes-hint').innerText()).toBe('the 60 busiest of 1000: Find shows others');
  expect(await page.locator('.service').count()).toBe(100);
  expect(await page.locator('#services-hint').innerText()).toBe('the first 100 of 500: Find shows others');
  expect(await page.locator('.replica').count()).toBeLessThan(200);
  expect(errors).toEqual([]);
});

it('shows the replicas of the services on the screen', async () => {
  const { page, errors, moved } = await openPage(await browser.newContext(), `${controller.origin}/`);
  await page.locator('.service').nth(40).scrollIntoViewIfNeeded();
  await expect.poll(() => page.locator('.service').nth(40).locator('.replica').count(), PATIENCE).toBe(8);
  await page.locator('.more').nth(40).click();
  await expect.poll(() => page.locator('.service').nth(40).locator('.replica').count(), PATIENCE).toBe(20);
  expect(errors).toEqual([]);
  expect(await moved()).toEqual([]);
});

it('finds a replica that is not drawn, and explains it', async () => {
  const { page, errors } = await openPage(await browser.newContext(), `${controller.origin}/`);
  const name = 'service-321-7d9f8b6c5d-xxx17';
  await page.locator('#search').fill(name);
  await expect.poll(() => page.locator('.service').count(), PATIENCE).toBe(1);
  await expect.poll(() => page.locator('.replica .name').allInnerTexts(), PATIENCE).toEqual([name]);
  await page.locator('.replica .open').click();
  await expect.poll(() => page.locator('#verdict').innerText(), PATIENCE).toContain('of the requests to service-321');
  expect(errors).toEqual([]);
});

it('finds a node that is not among the busiest', async () => {
  const { page, errors } = await openPage(await browser.newContext(), `${controller.origin}/`);
  await page.locator('#search').fill('node-777');
  await expect.poll(() => page.locator('.node h3').allInnerTexts(), PATIENCE).toEqual(['node-777']);
  expect(errors).toEqual([]);
});
