/** Makes a PDF with one page of a JPEG, in memory. */
import { PDFDocument } from 'pdf-lib';
import sharp from 'sharp';
import { Refusal } from '../refusal.ts';
import { pixelBounds, placeOnPage, type Size } from './page-layout.ts';

// One thread per picture, so that a replica's CPU follows the number of its conversions.
sharp.concurrency(1);
// Nothing of a picture stays in memory for the next one.
sharp.cache(false);
// Uploaded bytes reach the JPEG decoder and no other, whatever format they have.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer'] });

/**
 * The decoder refuses a file that it cannot read to its end. It ignores what it only warns of, such as a stray byte before
 * a marker: such pictures are common, and every browser shows them.
 */
const FAIL_ON = 'error';

const JPEG_QUALITY = 85;
/**
 * A hostile file within all limits can still take very long, for example with a hundred scans over the whole picture.
 */
const MAX_SECONDS = 30;

/** Every JPEG begins with the marker SOI. */
function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8;
}

function broken(error: unknown): Refusal {
  const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return new Refusal('BROKEN_JPEG', `The JPEG cannot be decoded: ${why}`, { cause: error });
}

/** Width and height from the header, without decoding the picture. */
async function sizeOf(jpeg: Uint8Array): Promise<Size> {
  const { autoOrient } = await sharp(jpeg, { limitInputPixels: false, failOn: FAIL_ON })
    .metadata()
    .catch((error: unknown) => Promise.reject(broken(error)));
  return autoOrient;
}

const END_OF_IMAGE = Buffer.from([0xff, 0xd9]);
const START_OF_SCAN = Buffer.from([0xff, 0xda]);

/** The same picture with the marker EOI, which some programs leave out; undefined if it has one. */
function withEnd(jpeg: Uint8Array): Uint8Array | undefined {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  const hasEnd = bytes.includes(END_OF_IMAGE, bytes.lastIndexOf(START_OF_SCAN));
  return hasEnd ? undefined : Buffer.concat([bytes, END_OF_IMAGE]);
}

/** Turns the picture upright by its EXIF, shrinks it to what its page can show, and drops the camera's metadata. */
async function redraw(jpeg: Uint8Array, size: Size, maxPixels: number): Promise<{ data: Buffer; info: Size }> {
  const redrawn = async (bytes: Uint8Array, failOn: 'error' | 'warning'): Promise<{ data: Buffer; info: Size }> =>
    sharp(bytes, { limitInputPixels: maxPixels, failOn, autoOrient: true, sequentialRead: true })
      .timeout({ seconds: MAX_SECONDS })
      .resize({ ...pixelBounds(size), fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: JPEG_QUALITY })
      .toBuffer({ resolveWithObject: true });
  try {
    return await redrawn(jpeg, FAIL_ON);
  } catch (error) {
    const ended = withEnd(jpeg);
    if (!ended) throw broken(error);
    // With the end added, the decoder only warns of a picture that lacks more than its end.
    return redrawn(ended, 'warning').catch(() => Promise.reject(broken(error)));
  }
}

async function pdfOf(jpeg: Uint8Array, size: Size): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  document.setProducer('Ballast pdf-converter');
  const { page, image } = placeOnPage(size);
  document.addPage([page.width, page.height]).drawImage(await document.embedJpg(jpeg), image);
  return document.save();
}

/**
 * A PDF of one A4 page with the picture.
 * @throws Refusal NOT_A_JPEG, TOO_MANY_PIXELS (before the picture is decoded) or BROKEN_JPEG
 */
export async function jpegToPdf(jpeg: Uint8Array, maxPixels: number): Promise<Uint8Array> {
  if (!isJpeg(jpeg)) throw new Refusal('NOT_A_JPEG', 'The file is not a JPEG: save the picture as JPEG and send that.');
  const size = await sizeOf(jpeg);
  if (size.width * size.height > maxPixels) {
    const limit = `${maxPixels / 1e6} million pixels`;
    const message = `The picture has ${size.width} × ${size.height} pixels, above the limit of ${limit}: scale it down.`;
    throw new Refusal('TOO_MANY_PIXELS', message);
  }
  const { data, info } = await redraw(jpeg, size, maxPixels);
  return pdfOf(data, info);
}
