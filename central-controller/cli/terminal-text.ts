/**
 * Text from others on its way to a terminal. Names, reasons and messages come from reports, requests and objects of the
 * cluster; an escape sequence in them could move the cursor, hide lines or write to the clipboard.
 */

/** Stands for a character that was taken out, so that a reader sees that there was one. */
const REPLACEMENT = '\uFFFD';

/** The text without control characters and without marks that change the direction of writing. Line feeds stay. */
export function cleanText(text: string): string {
  return text.replaceAll(/(?!\n)[\p{Cc}\p{Bidi_Control}]/gu, REPLACEMENT);
}

/** A JSON value with every text and every field's name cleaned and on one line. */
export function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return cleanLine(value);
  if (Array.isArray(value)) return value.map(cleanValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [cleanLine(name), cleanValue(field)]));
}

function cleanLine(text: string): string {
  return cleanText(text).replaceAll('\n', ' ');
}
