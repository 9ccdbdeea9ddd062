import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { jpegToPdf } from '../../../apps/pdf-converter/convert/jpeg-to-pdf.ts';
import {
  claiming,
  type Colour,
  colourAt,
  distance,
  pageOf,
  picture,
  withoutScanParameters,
  withStrayByte,
} from './pictures.ts';

const RED: Colour = [220, 20, 20];
const BLUE: Colour = [20, 20, 220];
const MAX_PIXELS = 4e6;
const A4 = { short: 595.28, long: 841.89 };

describe('a JPEG becomes a PDF', () => {
  test('of one page A4 that bears the picture', async () => {
    const pdf = await jpegToPdf(await picture(RED, BLUE), MAX_PIXELS);
    expect(Buffer.from(pdf.subarray(0, 5)).toString()).toBe('%PDF-');
    const { width, height, jpeg } = await pageOf(pdf);
    expect({ width, height }).toEqual({ width: A4.long, height: A4.short });
    expect(distance(await colourAt(jpeg, 0.25, 0.5), RED)).toBeLessThan(8);
    expect(distance(await colourAt(jpeg, 0.75, 0.5), BLUE)).toBeLessThan(8);
  });

  test('upright, as the camera says it was held', async () => {
    // To be turned right by a quarter: what is left lies above then.
    const { width, height, jpeg } = await pageOf(
      await jpegToPdf(await picture(RED, BLUE, { orientation: 6 }), MAX_PIXELS),
    );
    expect({ width, height }).toEqual({ width: A4.short, height: A4.long });
    expect(await sharp(jpeg).metadata()).toMatchObject({ width: 160, height: 240 });
    expect(distance(await colourAt(jpeg, 0.5, 0.25), RED)).toBeLessThan(8);
    expect(distance(await colourAt(jpeg, 0.5, 0.75), BLUE)).toBeLessThan(8);
  });

  test('with no more pixels than its page shows', async () => {
    const { jpeg } = await pageOf(await jpegToPdf(await picture(RED, BLUE, { width: 2400, height: 1600 }), MAX_PIXELS));
    expect(await sharp(jpeg).metadata()).toMatchObject({ width: 1635, height: 1090 });
  });

  test('without what the camera wrote beside the picture', async () => {
    const jpeg = await sharp(await picture(RED))
      .withExif({ IFD0: { Copyright: 'somebody', Model: 'a secret camera' } })
      .jpeg()
      .toBuffer();
    expect(jpeg.includes('a secret camera')).toBe(true);
    const pdf = Buffer.from(await jpegToPdf(jpeg, MAX_PIXELS));
    expect(pdf.includes('a secret camera')).toBe(false);
    expect(pdf.includes('Exif')).toBe(false);
  });

  test.each([
    ['progressive', { progressive: true }],
    ['of full colour resolution', { chromaSubsampling: '4:4:4' }],
    ['optimised', { mozjpeg: true }],
  ])('when it is %s', async (_, jpeg) => {
    const { jpeg: shown } = await pageOf(await jpegToPdf(await picture(RED, BLUE, { jpeg }), MAX_PIXELS));
    expect(distance(await colourAt(shown, 0.25, 0.5), RED)).toBeLessThan(16);
  });

  test.each(['b-w', 'cmyk'] as const)('when its colours are %s', async (space) => {
    const jpeg = await sharp(await picture([200, 200, 200]))
      .toColourspace(space)
      .jpeg()
      .toBuffer();
    expect((await sharp(jpeg).metadata()).space).toBe(space);
    const { jpeg: shown } = await pageOf(await jpegToPdf(jpeg, MAX_PIXELS));
    const [brightness] = await colourAt(shown, 0.5, 0.5);
    expect(Math.abs(brightness - 200)).toBeLessThan(16);
  });

  test.each<[string, (jpeg: Buffer) => Buffer]>([
    ['start-of-scan parameters of 0', withoutScanParameters],
    ['a stray byte before a table', (jpeg) => withStrayByte(jpeg, 0xc4)],
    ['a stray byte before the scan', (jpeg) => withStrayByte(jpeg, 0xda)],
    ['a stray byte after the first marker', (jpeg) => withStrayByte(jpeg, 0xdb)],
    ['fill bytes before a marker', (jpeg) => withStrayByte(jpeg, 0xc0, 0xff)],
    ['no marker at its end', (jpeg) => jpeg.subarray(0, -2)],
    ['another picture behind its end', (jpeg) => Buffer.concat([jpeg, jpeg])],
    ['bytes after its end', (jpeg) => Buffer.concat([jpeg, Buffer.from('and more')])],
  ])('in spite of %s', async (_, odd) => {
    const { jpeg } = await pageOf(await jpegToPdf(odd(await picture(RED, BLUE)), MAX_PIXELS));
    expect(distance(await colourAt(jpeg, 0.25, 0.5), RED)).toBeLessThan(8);
    expect(distance(await colourAt(jpeg, 0.75, 0.5), BLUE)).toBeLessThan(8);
  });

  test('the same for the same picture', async () => {
    const jpeg = await picture(RED, BLUE);
    expect(await jpegToPdf(jpeg, MAX_PIXELS)).toEqual(await jpegToPdf(jpeg, MAX_PIXELS));
  });
});

describe('what is refused', () => {
  test.each([
    ['a PNG', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ['a file without bytes', Buffer.alloc(0)],
  ])('%s', async (_, file) => {
    await expect(jpegToPdf(file, MAX_PIXELS)).rejects.toMatchObject({ status: 415, code: 'NOT_A_JPEG' });
  });

  test('a JPEG that ends early', async () => {
    const whole = await picture(RED, BLUE, { width: 800, height: 600 });
    const half = whole.subarray(0, whole.length / 2);
    await expect(jpegToPdf(half, MAX_PIXELS)).rejects.toMatchObject({ status: 422, code: 'BROKEN_JPEG' });
  });

  test('a JPEG of which nothing but the beginning is one', async () => {
    const file = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(500, 7)]);
    await expect(jpegToPdf(file, MAX_PIXELS)).rejects.toMatchObject({ status: 422, code: 'BROKEN_JPEG' });
  });

  test('a small file that would be a huge picture, by its header', async () => {
    const bomb = claiming(await picture(RED), 65_000, 65_000);
    await expect(jpegToPdf(bomb, MAX_PIXELS)).rejects.toMatchObject({
      status: 413,
      code: 'TOO_MANY_PIXELS',
      message: 'The picture has 65000 × 65000 pixels, above the limit of 4 million pixels: scale it down.',
    });
  });
});
