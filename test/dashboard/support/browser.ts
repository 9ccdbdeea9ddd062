/** A headless Chromium for tests. */
import { type BrowserServer, chromium } from 'playwright-core';
import { ensureChromium } from '../../../tools/install/chromium.ts';

/** It shows pages of this machine only, so it does without its sandbox, which root cannot have. */
export async function launchBrowser(): Promise<BrowserServer> {
  const { executablePath, environment } = await ensureChromium();
  const env = Object.fromEntries(Object.entries({ ...process.env, ...environment }).filter(([, value]) => value));
  return chromium.launchServer({ executablePath, args: ['--no-sandbox'], env });
}
