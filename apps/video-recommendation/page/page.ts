/** The frame of the page: one HTML file with its own style and script, which loads nothing else. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Html, html } from './html.ts';

const TEMPLATE = readFileSync(join(import.meta.dirname, 'page.html'), 'utf8');

/** Hash of an inline element, for the Content-Security-Policy. */
function hashOf(element: 'style' | 'script'): string {
  const content = new RegExp(`<${element}>([^]*?)</${element}>`).exec(TEMPLATE)?.[1] ?? '';
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}

/** The browser runs only what is in the file, and sends requests only to this server. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': [
    "default-src 'none'",
    `style-src ${hashOf('style')}`,
    `script-src ${hashOf('script')}`,
    "connect-src 'self'",
    'img-src data:',
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** The fields of the form as they were sent, valid or not. */
export interface AskedFor {
  readonly namespace: string;
  readonly service: string;
  readonly user: string;
}

export interface PageParts {
  readonly askedFor: AskedFor;
  readonly recommendations: Html;
  readonly traffic: Html;
}

function fields(askedFor: AskedFor): Html {
  const inputs = Object.entries(askedFor).map(
    ([name, value]) =>
      html`<label
        >${name[0]?.toUpperCase() ?? ''}${name.slice(1)}<input name="${name}" value="${value}" required
      /></label>`,
  );
  return html`${inputs}`;
}

export function renderPage({ askedFor, recommendations, traffic }: PageParts): string {
  const parts: Readonly<Record<string, Html>> = {
    title: html`Videos for user ${askedFor.user}`,
    fields: fields(askedFor),
    recommendations,
    traffic,
  };
  return TEMPLATE.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name]?.text ?? '');
}
