/** Writes a run's picture and figures to a directory. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MeasuredRun } from './phases.ts';
import { drawRun } from './picture/picture.ts';
import { renderPng } from './picture/png.ts';

export interface WrittenReport {
  readonly picture: string;
  readonly figures: string;
}

/** Writes `<name>.png` and `<name>.json`; `figures` is what the latter holds. */
export function writeReport(directory: string, name: string, run: MeasuredRun, figures: unknown): WrittenReport {
  mkdirSync(directory, { recursive: true });
  const written = { picture: join(directory, `${name}.png`), figures: join(directory, `${name}.json`) };
  writeFileSync(written.picture, renderPng(drawRun(run)));
  writeFileSync(written.figures, `${JSON.stringify(figures, null, 2)}\n`);
  return written;
}
