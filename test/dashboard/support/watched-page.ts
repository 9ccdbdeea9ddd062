/** A page of the dashboard, and what should not happen on it. */
import type { BrowserContext, Page } from 'playwright-core';

export interface WatchedPage {
  readonly page: Page;
  /** Errors on the console and in scripts. */
  readonly errors: readonly string[];
  /** Hosts that something was asked of. */
  readonly hosts: ReadonlySet<string>;
  /** Sum of the scores of all shifts that nobody's input made, since the page was opened. */
  layoutShift(): Promise<number>;
  /** When the first figures were painted, ms since the navigation began. */
  paintedAt(): Promise<number>;
}

/** Runs in the page before its own scripts; the browser's types are not those of this project. */
const WATCH = `
  globalThis.seen = { layoutShift: 0, paintedAt: null };
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) seen.layoutShift += value;
  }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => {
    for (const { identifier, renderTime } of list.getEntries()) {
      if (identifier === 'figures') seen.paintedAt ??= renderTime;
    }
  }).observe({ type: 'element', buffered: true });
`;

export async function openPage(context: BrowserContext, address: string): Promise<WatchedPage> {
  const page = await context.newPage();
  const errors: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  await page.addInitScript({ content: WATCH });
  await page.goto(address);
  await page.waitForSelector('#figures:not([hidden])');
  return {
    page,
    errors,
    hosts,
    layoutShift: () => page.evaluate<number>('seen.layoutShift'),
    paintedAt: async () => {
      await page.waitForFunction('seen.paintedAt !== null');
      return page.evaluate<number>('seen.paintedAt');
    },
  };
}
