/** Writes the picture and the data of a run to a directory. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MeasuredRun } from './phases.ts';
import { drawRun } from './picture/picture.ts';
import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';

/** Fonts from a package, for machines that have none. */
const FONTS = [
  import.meta.resolve('@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf'),
  import.meta.resolve('@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf'),
  import.meta.resolve('@expo-google-fonts/inter/700Bold/Inter_700Bold.ttf'),
];

/** PNG of an SVG at twice its size, so that it is sharp on dense screens. */
export function renderPng(svg: string): Uint8Array {
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: 2 },
    font: {
      fontFiles: FONTS.map((font) => fileURLToPath(font)),
      loadSystemFonts: false,
      defaultFontFamily: 'Inter',
      sansSerifFamily: 'Inter',
    },
  });
  return image.render().asPng();
}

export interface WrittenReport {
  readonly picture: string;
  readonly figures: string;
}

/** Writes `<name>.png`, and `figures` as `<name>.json`. */
export function writeReport(directory: string, name: string, run: MeasuredRun, figures: unknown): WrittenReport {
  mkdirSync(directory, { recursive: true });
  const written = { picture: join(directory, `${name}.png`), figures: join(directory, `${name}.json`) };
  writeFileSync(written.picture, renderPng(drawRun(run)));
  writeFileSync(written.figures, `${JSON.stringify(figures, null, 2)}\n`);
  return written;
}
