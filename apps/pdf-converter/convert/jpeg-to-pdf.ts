/** From the bytes of a JPEG to those of a PDF with one page, in memory. */
import { PDFDocument } from 'pdf-lib';
import sharp from 'sharp';
import { Refusal } from '../refusal.ts';
import { pixelBounds, placeOnPage, type Size } from './page-layout.ts';

// One thread per picture: a replica's CPU is what it converts, and no other request's.
sharp.concurrency(1);
// Nothing of one picture stays for the next.
sharp.cache(false);
// What comes from outside reaches one decoder, whatever it claims to be.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer'] });

const JPEG_QUALITY = 85;
/** A file within all limits can still be made to take very long: with a hundred scans, each over the whole picture. */
const MAX_SECONDS = 30;

/** Every JPEG begins with a marker SOI, and another marker follows. */
function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

function broken(error: unknown): Refusal {
  const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return new Refusal('BROKEN_JPEG', `The JPEG cannot be decoded: ${why}`, { cause: error });
}

/** Width and height as its header has them: nothing is decoded for that. */
async function sizeOf(jpeg: Uint8Array): Promise<Size> {
  const { autoOrient } = await sharp(jpeg, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => Promise.reject(broken(error)));
  return autoOrient;
}

/** Upright as its EXIF says, no larger than its page shows, and without what cameras write beside the picture. */
async function redraw(jpeg: Uint8Array, size: Size, maxPixels: number): Promise<{ data: Buffer; info: Size }> {
  return sharp(jpeg, { limitInputPixels: maxPixels, autoOrient: true, sequentialRead: true })
    .timeout({ seconds: MAX_SECONDS })
    .resize({ ...pixelBounds(size), fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: JPEG_QUALITY })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => Promise.reject(broken(error)));
}

async function pdfOf(jpeg: Uint8Array, size: Size): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  document.setProducer('Ballast pdf-converter');
  const { page, image } = placeOnPage(size);
  document.addPage([page.width, page.height]).drawImage(await document.embedJpg(jpeg), image);
  return document.save();
}

/**
 * One page A4 with the picture of `jpeg` on it.
 * @throws Refusal NOT_A_JPEG, TOO_MANY_PIXELS (before anything is decoded) or BROKEN_JPEG
 */
export async function jpegToPdf(jpeg: Uint8Array, maxPixels: number): Promise<Uint8Array> {
  if (!isJpeg(jpeg)) throw new Refusal('NOT_A_JPEG', 'The file is no JPEG: save the picture as JPEG and send that.');
  const size = await sizeOf(jpeg);
  if (size.width * size.height > maxPixels) {
    const limit = `${maxPixels / 1e6} million pixels`;
    const message = `The picture has ${size.width} × ${size.height} pixels, above the limit of ${limit}: scale it down.`;
    throw new Refusal('TOO_MANY_PIXELS', message);
  }
  const { data, info } = await redraw(jpeg, size, maxPixels);
  return pdfOf(data, info);
}
