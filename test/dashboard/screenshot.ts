/** Takes the guide's picture: the dashboard of a controller that runs, such as that of `npm run demo -- --keep`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { chromium } from 'playwright-core';
import { launchBrowser } from './support/browser.ts';
import { openPage } from './support/watched-page.ts';

const FILE = join(import.meta.dirname, '../../docs/figures/dashboard.png');
const VIEWPORT = { width: 1440, height: 1180 };

/** The figures have changed at least once. */
const SETTLE_MS = 2_500;

const command = new Command('node test/dashboard/screenshot.ts')
  .description('Takes a picture of the dashboard of a controller that runs: docs/figures/dashboard.png')
  .argument('[address]', 'of the controller', 'http://127.0.0.1:15070')
  .parse();
const address = command.processedArgs[0] as string;
const server = await launchBrowser();
try {
  const browser = await chromium.connect(server.wsEndpoint());
  const context = await browser.newContext({ viewport: VIEWPORT, colorScheme: 'light' });
  const { page } = await openPage(context, address);
  await sleep(SETTLE_MS);
  await page.waitForSelector('#connection[data-state=live]');
  await page.screenshot({ path: FILE });
} finally {
  await server.close();
}
