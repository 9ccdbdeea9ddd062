/** The pages for browsers. They have no scripts. */
import { createHash } from 'node:crypto';
import { FILE_FIELD } from './upload.ts';

const STYLE = `
:root { color-scheme: light dark; --paper: #f4f6f8; --card: #fff; --ink: #1d2733; --faded: #55616e; --line: #d5dbe1;
  --accent: #0b6e5f; --on-accent: #fff; --wrong: #9f2a12; --wrong-paper: #fdeeea }
@media (prefers-color-scheme: dark) { :root { --paper: #12171d; --card: #1b222a; --ink: #e6ebf0; --faded: #a3afbb;
  --line: #36414d; --accent: #4fc3ae; --on-accent: #0b1a17; --wrong: #ffb4a0; --wrong-paper: #3a1d16 } }
* { box-sizing: border-box; margin: 0 }
body { min-height: 100vh; display: grid; place-items: center; padding: 24px 16px; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { display: grid; gap: 20px; width: min(100%, 30rem); padding: 32px; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px }
@media (max-width: 30rem) { main { padding: 22px 18px } }
h1 { font-size: 1.6rem; line-height: 1.2; letter-spacing: -0.02em }
form { display: grid; gap: 12px }
label { font-weight: 600 }
input { width: 100%; padding: 14px; border: 1.5px dashed var(--line); border-radius: 10px; background: var(--paper);
  color: var(--faded); font: inherit }
input::file-selector-button { margin-right: 12px; padding: 6px 12px; border: 1px solid var(--line); border-radius: 7px;
  background: var(--card); color: var(--ink); font: inherit; cursor: pointer }
.go { display: inline-block; justify-self: start; padding: 11px 22px; border: 0; border-radius: 9px; background: var(--accent);
  color: var(--on-accent); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px }
a { color: var(--accent) }
.note { color: var(--faded); font-size: 0.9rem }
.wrong { padding: 12px 14px; border-radius: 9px; background: var(--wrong-paper); color: var(--wrong) }
`;

/**
 * The browser loads and runs nothing but this style and sends forms nowhere else. Links are secrets, so no Referer is
 * sent.
 */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
} as const;

export interface PageLimits {
  readonly maxFileBytes: number;
  readonly maxPixels: number;
}

function escape(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replaceAll(/[&<>"]/g, (character) => names[character] ?? character);
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
}

/** The form. `wrong` says why the last upload was refused. */
export function formPage({ maxFileBytes, maxPixels }: PageLimits, wrong?: string): string {
  const alert = wrong === undefined ? '' : `<p class="wrong" role="alert">${escape(wrong)}</p>\n`;
  return page(
    'JPEG to PDF',
    `<h1>JPEG to PDF</h1>
${alert}<form method="post" action="/" enctype="multipart/form-data">
<label for="${FILE_FIELD}">A picture, as JPEG</label>
<input type="file" id="${FILE_FIELD}" name="${FILE_FIELD}" accept="image/jpeg" required aria-describedby="limits">
<button class="go">Convert</button>
</form>
<p class="note" id="limits">Up to ${Math.floor(maxFileBytes / 2 ** 20)} MiB and ${Math.floor(maxPixels / 1e6)} million pixels. It becomes one page, A4, upright.</p>`,
  );
}

/** Seconds in words. */
function span(seconds: number): string {
  const [count, unit] = seconds < 120 ? [Math.round(seconds), 'second'] : [Math.round(seconds / 60), 'minute'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

export function resultPage(location: string, bytes: number, keepSeconds: number): string {
  return page(
    'Your PDF',
    `<h1>Your PDF is ready</h1>
<p><a class="go" href="${escape(location)}">Open the PDF</a></p>
<p class="note">${Math.ceil(bytes / 1024)} KiB. Kept for ${span(keepSeconds)}, for everybody who has the link and nobody else.</p>
<p><a href="/">Convert another picture</a></p>`,
  );
}
