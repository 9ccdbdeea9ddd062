/**
 * The page in a browser: nothing of it is refused by its own policy, it keeps itself fresh, and everyone can read it.
 */
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Replica, startRecommendation, startTcpBalancer, startUsers, startVideos } from './services.ts';

const PATH = '/recommend/video-recommendation/video-recommendation/7';

const stack = new AsyncDisposableStack();
let browser: Browser;
let replica: Replica;

beforeAll(async () => {
  const users = stack.use(await startUsers());
  const pods = await Promise.all(
    ['video-service-0', 'video-service-1'].map(async (pod) => stack.use(await startVideos(pod))),
  );
  const balancer = stack.use(await startTcpBalancer(pods.map(({ address }) => address)));
  const addresses = { 'user-service': users.address, 'video-service': balancer.address };
  const asked = stack.use(await startRecommendation(addresses));
  replica = stack.use(await startRecommendation({ ...addresses, 'video-recommendation': asked.address }));
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  stack.defer(async () => browser.close());
});
afterAll(async () => stack.disposeAsync());

/** `complaints` holds the errors of the page so far. */
async function open(options: Parameters<Browser['newPage']>[0]): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'info') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`http://${replica.address}${PATH}`);
  return { page, complaints };
}

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  test.each([1280, 390])('at a width of %i, it can be read by everyone', async (width) => {
    const { page, complaints } = await open({ colorScheme, viewport: { width, height: 800 } });
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate('axe.run()')) as axe.AxeResults;
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(complaints).toEqual([]);
    await page.close();
  });
});

test('asking more shows more, spread over the replicas', async () => {
  const { page, complaints } = await open({});
  const requests = async (): Promise<number> => {
    const row = page.locator('table', { hasText: 'video-recommendation.video-recommendation' }).locator('tbody tr');
    return Number(await row.locator('td').nth(1).textContent());
  };
  const before = await requests();
  await page.getByRole('button', { name: 'Ask 40 times more' }).click();
  await expect.poll(requests, { timeout: 30_000 }).toBe(before + 40);
  expect(complaints).toEqual([]);
  await page.close();
});

test('the form leads to another user', async () => {
  const { page } = await open({});
  await page.getByLabel('User').fill('8');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/\/8$/);
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Videos for user 8');
  await page.close();
});
