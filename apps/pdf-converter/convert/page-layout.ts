/** The place of a picture on its page. Pure. Lengths are PDF points: 1/72 inch. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Placement {
  readonly page: Size;
  /** From the page's lower left corner. */
  readonly image: Size & { readonly x: number; readonly y: number };
}

/** ISO 216 A4, portrait. */
const A4: Size = { width: 595.28, height: 841.89 };
/** 10 mm. */
const MARGIN = 28.35;
/** Pixels per inch of paper that a picture keeps: enough to read a photographed page. */
const DOTS_PER_INCH = 150;
const POINTS_PER_INCH = 72;

/** A4, in landscape if the picture is wider than high. */
function pageFor(picture: Size): Size {
  return picture.width > picture.height ? { width: A4.height, height: A4.width } : A4;
}

/** Maximum width and height in pixels for a picture of this shape. More pixels would not be visible on its page. */
export function pixelBounds(picture: Size): Size {
  const page = pageFor(picture);
  const pixels = (points: number): number => Math.floor(((points - 2 * MARGIN) / POINTS_PER_INCH) * DOTS_PER_INCH);
  return { width: pixels(page.width), height: pixels(page.height) };
}

/**
 * Centres a picture of the given size in pixels on A4, as large as it fits, but with no pixel larger than 1/72 inch.
 */
export function placeOnPage(picture: Size): Placement {
  const page = pageFor(picture);
  const scale = Math.min(1, (page.width - 2 * MARGIN) / picture.width, (page.height - 2 * MARGIN) / picture.height);
  const width = picture.width * scale;
  const height = picture.height * scale;
  return { page, image: { width, height, x: (page.width - width) / 2, y: (page.height - height) / 2 } };
}
