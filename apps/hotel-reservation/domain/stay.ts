/** A stay: the nights from the day of arrival up to, not including, the day of departure. */

export const MAX_NIGHTS = 30;

export interface Stay {
  /** Days since 1970-01-01. */
  readonly firstNight: number;
  readonly nights: number;
}

/** Day number of `YYYY-MM-DD`, or undefined where that is no day of the calendar. */
export function dayNumber(date: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  const at = Date.parse(`${date}T00:00:00Z`);
  // Date.parse takes the 31st of shorter months for the first days of the next one.
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== date) return undefined;
  return at / 86_400_000;
}

export function dateOf(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
