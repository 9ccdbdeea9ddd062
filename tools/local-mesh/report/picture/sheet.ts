/** The paper that every picture is drawn on. */
import { element, escape } from './svg.ts';
import { COLOURS, FONT_FAMILY } from './theme.ts';

interface Sheet {
  readonly width: number;
  readonly height: number;
  /** For those who hear the picture instead of seeing it. */
  readonly title: string;
  readonly fontSize?: number;
}

/** An SVG on a light background; `children` are elements already. */
export function sheet({ width, height, title, fontSize = 13 }: Sheet, ...children: readonly string[]): string {
  const size = { viewBox: `0 0 ${width} ${height}`, width, height };
  const font = { 'font-family': FONT_FAMILY, 'font-size': fontSize };
  return element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', ...size, role: 'img', ...font },
    `\n${element('title', {}, escape(title))}`,
    element('rect', { width, height, fill: COLOURS.paper }),
    ...children,
    '\n',
  );
}
