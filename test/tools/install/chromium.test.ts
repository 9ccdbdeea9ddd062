import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ensureChromium } from '../../../tools/install/chromium.ts';

test('the Chromium of the package shows a page with text on a machine without any', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'ballast-chromium-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
  vi.stubEnv('CHROMIUM', 'package');
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(cache, { recursive: true });
  });
  const [first, second] = await Promise.all([ensureChromium(), ensureChromium()]);
  expect(second).toEqual(first);
  const { executablePath, environment } = first;
  expect(executablePath.startsWith(cache)).toBe(true);
  const env = { ...environment, PATH: process.env['PATH'] ?? '' };
  const browser = await chromium.launch({ executablePath, env, args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.setContent('<span>Ballast</span>');
  expect(await page.locator('span').evaluate((span) => span.getBoundingClientRect().width)).toBeGreaterThan(20);
  await browser.close();
});
