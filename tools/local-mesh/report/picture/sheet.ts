/**
 * The sheet of every picture, with its colours and type. Lines use the palette of Okabe and Ito for the colour-blind.
 */
import { element, escape } from './svg.ts';

export const COLOURS = {
  paper: '#ffffff',
  ink: '#1d2733',
  faded: '#5b6774',
  grid: '#d9dee4',
  defaultPhase: '#f1f2f4',
  ballastPhase: '#e2f1ee',
  defaultName: '#4b5563',
  ballastName: '#0b6e5f',
  neighbour: '#b45309',
  p50: '#0072b2',
  p99: '#c2410c',
  nodes: ['#0072b2', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7c3aed'],
};

const FONT_FAMILY = "Inter, 'Helvetica Neue', Arial, sans-serif";

export const WIDTH = 1200;
export const HEIGHT = 800;

/** Inner areas of the two panels, px. */
export const LEFT = 76;
export const RIGHT = 1038;
export const LATENCY = { top: 158, bottom: 462 };
export const CPU = { top: 548, bottom: 738 };
/** Strip between the panels that shows when the neighbour runs. */
export const NEIGHBOUR = { top: 492, bottom: 510 };

interface Sheet {
  readonly width: number;
  readonly height: number;
  /** Read by screen readers. */
  readonly title: string;
  readonly fontSize?: number;
}

/** An SVG on a light background. `children` are elements. */
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
