/** Chromium, as distributions install it. */
import { existsSync } from 'node:fs';
import { type BrowserServer, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Path of the browser; undefined: this machine has none. */
export function findBrowser(): string | undefined {
  return [process.env['CHROMIUM'], ...PLACES].find((path) => path !== undefined && existsSync(path));
}

/** A headless one. It shows pages of this machine only, so it does without its sandbox, which root cannot have. */
export async function launchBrowser(): Promise<BrowserServer> {
  const executablePath = findBrowser();
  if (executablePath === undefined) throw new Error(`no Chromium: install it, or name it in CHROMIUM`);
  return chromium.launchServer({ executablePath, args: ['--no-sandbox'] });
}
