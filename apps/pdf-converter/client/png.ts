/** PNG of an SVG. It is not in the image: it needs fonts and a native library that the converter does not. */
import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';

/** Fonts from a package, for machines that have none. */
const FONTS = [
  import.meta.resolve('@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf'),
  import.meta.resolve('@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf'),
];

/** At twice its size, so that it is sharp on dense screens. */
export function pngOf(svg: string): Uint8Array {
  const fontFiles = FONTS.map((font) => fileURLToPath(font));
  const font = { fontFiles, loadSystemFonts: false, defaultFontFamily: 'Inter', sansSerifFamily: 'Inter' };
  return new Resvg(svg, { fitTo: { mode: 'zoom', value: 2 }, font }).render().asPng();
}
