/** A stay: the nights from the day of arrival to the day before departure. */

export const MAX_NIGHTS = 30;

export interface Stay {
  /** Days since 1970-01-01. */
  readonly firstNight: number;
  readonly nights: number;
}

/** Day number of `YYYY-MM-DD`; undefined if the calendar has no such day. */
export function dayNumber(date: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  const at = Date.parse(`${date}T00:00:00Z`);
  // Date.parse reads the 31st of a shorter month as a day of the next month.
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== date) return undefined;
  return at / 86_400_000;
}

export function dateOf(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
