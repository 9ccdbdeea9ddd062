/** A page of the dashboard, with its errors, requests and layout shifts. */
import type { BrowserContext, Page } from 'playwright-core';

export interface WatchedPage {
  readonly page: Page;
  /** Errors on the console and in scripts. */
  readonly errors: readonly string[];
  /** Hosts that the page sent requests to. */
  readonly hosts: ReadonlySet<string>;
  /** Sum of the scores of all layout shifts without user input, since the page was opened. */
  layoutShift(): Promise<number>;
  /** Some of the elements that they moved. */
  moved(): Promise<string[]>;
  /** When the first figures were painted, ms since the navigation began. */
  paintedAt(): Promise<number>;
}

/** Runs in the page before its own scripts; the browser's types are not those of this project. */
const WATCH = `
  globalThis.seen = { layoutShift: 0, moved: new Set(), paintedAt: null };
  const nameOf = (node) => (node?.nodeType === Node.TEXT_NODE ? node.parentNode : node)?.outerHTML.slice(0, 120);
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      if (hadRecentInput) continue;
      seen.layoutShift += value;
      for (const { node } of sources) seen.moved.add(nameOf(node));
    }
  }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => {
    for (const { identifier, renderTime } of list.getEntries()) {
      if (identifier === 'figures') seen.paintedAt ??= renderTime;
    }
  }).observe({ type: 'element', buffered: true });
`;

/** Enough for a busy machine. */
const TIMEOUT_MS = 90_000;

export async function openPage(context: BrowserContext, address: string): Promise<WatchedPage> {
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
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
  // The charts load after the first decision, and fill this list.
  await page.waitForSelector('#chart-service option', { state: 'attached' });
  return {
    page,
    errors,
    hosts,
    layoutShift: () => page.evaluate<number>('seen.layoutShift'),
    moved: () => page.evaluate<string[]>('[...seen.moved]'),
    paintedAt: async () => {
      await page.waitForFunction('seen.paintedAt !== null');
      return page.evaluate<number>('seen.paintedAt');
    },
  };
}
