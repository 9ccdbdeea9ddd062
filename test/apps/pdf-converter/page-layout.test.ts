import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pixelBounds, placeOnPage } from '../../../apps/pdf-converter/convert/page-layout.ts';

const MARGIN = 28.35;
const side = fc.integer({ min: 1, max: 65_500 });

test('any picture keeps its shape, lies within the margins, in the middle, as large as it may be', () => {
  fc.assert(
    fc.property(side, side, (width, height) => {
      const { page, image } = placeOnPage({ width, height });
      expect(image.width / image.height / (width / height)).toBeCloseTo(1, 9);
      expect(image.x).toBeGreaterThanOrEqual(MARGIN - 1e-9);
      expect(image.y).toBeGreaterThanOrEqual(MARGIN - 1e-9);
      expect(2 * image.x + image.width).toBeCloseTo(page.width, 9);
      expect(2 * image.y + image.height).toBeCloseTo(page.height, 9);
      const touches = Math.min(image.x, image.y) - MARGIN < 1e-9;
      expect(touches || image.width === width).toBe(true);
      expect(image.width).toBeLessThanOrEqual(width);
    }),
  );
});

test('the page lies across exactly for pictures that are wider than high', () => {
  fc.assert(
    fc.property(side, side, (width, height) => {
      const { page } = placeOnPage({ width, height });
      expect(page.width > page.height).toBe(width > height);
    }),
  );
});

test('pictures get the pixels that paper shows at 150 dots per inch', () => {
  expect(pixelBounds({ width: 3000, height: 4000 })).toEqual({ width: 1122, height: 1635 });
  expect(pixelBounds({ width: 4000, height: 3000 })).toEqual({ width: 1635, height: 1122 });
});
