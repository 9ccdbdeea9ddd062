/** Versions of the application, and what each of them serves. */

/** The first version that has `/chat`. */
const CHAT_SINCE = [1, 0, 1] as const;

/** `1.0.1` in its parts; undefined where it is not of that form. */
export function parseVersion(text: string): readonly number[] | undefined {
  return /^\d{1,6}\.\d{1,6}\.\d{1,6}$/.test(text) ? text.split('.').map(Number) : undefined;
}

/** Does this version serve `/chat`? `version` is one that `parseVersion` gave. */
export function hasChat(version: readonly number[]): boolean {
  for (const [index, since] of CHAT_SINCE.entries()) {
    const part = version[index] ?? 0;
    if (part !== since) return part > since;
  }
  return true;
}
