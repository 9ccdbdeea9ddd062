/** Takes the guide's pictures: the dashboard of a controller that runs, such as that of `npm run demo -- --keep`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { type Browser, type BrowserContextOptions, chromium } from 'playwright-core';
import { launchBrowser } from './support/browser.ts';
import { openPage } from './support/watched-page.ts';

const FOLDER = join(import.meta.dirname, '../../docs/figures');
const DESKTOP = { viewport: { width: 1440, height: 1180 }, deviceScaleFactor: 1 };

/** The figures have changed at least once. */
const SETTLE_MS = 2_500;

async function picture(browser: Browser, address: string, file: string, options: BrowserContextOptions): Promise<void> {
  const context = await browser.newContext(options);
  const { page } = await openPage(context, address);
  if (address.endsWith('#explain')) await page.locator('a.open').first().click();
  await sleep(SETTLE_MS);
  await page.screenshot({ path: join(FOLDER, file) });
  await context.close();
}

const command = new Command('node test/dashboard/screenshots.ts')
  .description('Takes pictures of the dashboard of a controller that runs: docs/figures/dashboard-*.png')
  .argument('[address]', 'of the controller', 'http://127.0.0.1:15070')
  .parse();
const address = command.processedArgs[0] as string;
const server = await launchBrowser();
try {
  const browser = await chromium.connect(server.wsEndpoint());
  await picture(browser, `${address}/`, 'dashboard-light.png', { ...DESKTOP, colorScheme: 'light' });
  await picture(browser, `${address}/#explain`, 'dashboard-dark.png', { ...DESKTOP, colorScheme: 'dark' });
} finally {
  await server.close();
}
