/** Colours and type of the picture. Lines are from Okabe and Ito's palette, distinct for the colour-blind. */
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

export const FONT_FAMILY = "Inter, 'Helvetica Neue', Arial, sans-serif";

export const WIDTH = 1200;
export const HEIGHT = 800;

/** The two panels: inner area of each, px. */
export const LEFT = 76;
export const RIGHT = 1038;
export const LATENCY = { top: 158, bottom: 462 };
export const CPU = { top: 548, bottom: 738 };
/** Strip between the panels that shows when the neighbour runs. */
export const NEIGHBOUR = { top: 492, bottom: 510 };
