/** Pictures for the tests, and what a PDF shows of them. */
import { PDFDocument, PDFName, PDFRawStream } from 'pdf-lib';
import sharp, { type JpegOptions } from 'sharp';

export type Colour = readonly [red: number, green: number, blue: number];

interface PictureOptions {
  readonly width?: number;
  readonly height?: number;
  /** EXIF's: 1 upright, 6 to be turned right by a quarter, 3 upside down. */
  readonly orientation?: number;
  readonly jpeg?: JpegOptions;
}

/** A JPEG whose left half is of one colour and its right half of another; of one, where that is all. */
export async function picture(left: Colour, right = left, options: PictureOptions = {}): Promise<Buffer> {
  const { width = 240, height = 160, orientation, jpeg = { quality: 95 } } = options;
  const pixels = Buffer.alloc(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    pixels.set(pixel % width < width / 2 ? left : right, pixel * 3);
  }
  const image = sharp(pixels, { raw: { width, height, channels: 3 } }).jpeg(jpeg);
  return (orientation === undefined ? image : image.withMetadata({ orientation })).toBuffer();
}

/** The same file, but its header says that it has so many pixels in each direction. */
export function claiming(jpeg: Buffer, width: number, height: number): Buffer {
  const changed = Buffer.from(jpeg);
  // Marker SOF0, length (2 bytes), precision (1), height (2), width (2).
  const frame = changed.indexOf(Buffer.from([0xff, 0xc0]));
  changed.writeUInt16BE(height, frame + 5);
  changed.writeUInt16BE(width, frame + 7);
  return changed;
}

/** The same file with another byte before the first marker of this kind. */
export function withStrayByte(jpeg: Buffer, marker: number, byte = 0): Buffer {
  const at = jpeg.indexOf(Buffer.from([0xff, marker]));
  if (at < 0) throw new Error(`the picture has no marker ${marker}`);
  return Buffer.concat([jpeg.subarray(0, at), Buffer.from([byte]), jpeg.subarray(at)]);
}

/** The same file with the spectral range 0 to 0 in its scan, where a sequential JPEG has 0 to 63. */
export function withoutScanParameters(jpeg: Buffer): Buffer {
  const changed = Buffer.from(jpeg);
  // Marker SOS, length (2 bytes), number of components (1), two bytes for each, then the range.
  const scan = changed.indexOf(Buffer.from([0xff, 0xda]));
  const range = scan + 5 + 2 * (changed[scan + 4] ?? 0);
  if (changed[range + 1] !== 63) throw new Error('the picture is not sequential');
  changed.fill(0, range, range + 3);
  return changed;
}

export interface ShownPage {
  readonly width: number;
  readonly height: number;
  /** The one picture on it, as JPEG. */
  readonly jpeg: Buffer;
}

/** The one page of a PDF, read by a parser. */
export async function pageOf(pdf: Uint8Array): Promise<ShownPage> {
  const document = await PDFDocument.load(pdf);
  const [page, ...more] = document.getPages();
  const images = document.context
    .enumerateIndirectObjects()
    .map(([, object]) => object)
    .filter((object) => object instanceof PDFRawStream)
    .filter(({ dict }) => dict.get(PDFName.of('Subtype')) === PDFName.of('Image'));
  const [image] = images;
  if (!page || !image || more.length > 0 || images.length > 1) throw new Error('not one page with one picture');
  return { ...page.getSize(), jpeg: Buffer.from(image.contents) };
}

/** Colour of a JPEG at a place given as parts of its width and height. */
export async function colourAt(jpeg: Uint8Array, x: number, y: number): Promise<Colour> {
  const { data, info } = await sharp(jpeg).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
  return [data[at] ?? NaN, data[at + 1] ?? NaN, data[at + 2] ?? NaN];
}

/** The greatest difference of their parts. */
export function distance(one: Colour, other: Colour): number {
  return Math.max(...one.map((part, index) => Math.abs(part - (other[index] ?? NaN))));
}
